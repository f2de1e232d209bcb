// examples/express.ts
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/express.ts";
import { exchange, openUndici, openWs, portOf } from "./support.ts";

async function site(): Promise<string> {
  const started = await start(0);
  onTestFinished(async () => void (await started.close()));
  return started.url;
}

test("Express answers, and what it is told goes to the WebSockets", async () => {
  const url = await site();
  const client = await openUndici(`${url.replace("http", "ws")}/live/tea`);
  expect(await client.next()).toBe("you hear of tea");
  const response = await fetch(`${url}/announce/hello`, { method: "POST" });
  expect(await response.json()).toEqual({ heard: 1 });
  expect(await client.next()).toBe("hello");
  expect((await fetch(`${url}/live/tea`)).status).toBe(404);
  await client.close();
});

test("the other library has its own path", async () => {
  const url = await site();
  const client = await openWs(`${url.replace("http", "ws")}/other`);
  client.send("echo");
  expect(await client.next()).toBe("echo");
  await client.close();
});

test("what nobody wants is answered too", async () => {
  const url = await site();
  await expect(openWs(`${url.replace("http", "ws")}/nowhere`)).rejects.toThrow("404");
  const answer = await exchange(portOf(url), [
    "GET /live/tea HTTP/1.1",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Origin: https://evil.example",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ]);
  expect(answer).toMatch(/^HTTP\/1\.1 403 /);
});
