// examples/tokens.ts
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/tokens.ts";
import { exchange, openUndici, openWs, portOf } from "./support.ts";

const token = "3f1d0c9e";

async function server(): Promise<string> {
  const started = await start(0);
  onTestFinished(async () => void (await started.close()));
  return started.url;
}

test("a token among the subprotocols, which the answer does not repeat", async () => {
  const url = await server();
  const client = await openUndici(url, ["app.v1", `bearer.${token}`]);
  expect(client.protocol).toBe("app.v1");
  client.send("hello");
  expect(await client.next()).toBe("ada: hello");
  await client.close();

  const answer = await exchange(portOf(url), [
    "GET / HTTP/1.1",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Protocol: bearer.${token}`,
  ]);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).not.toContain(token);
});

test("a token in a cookie, with and without a subprotocol", async () => {
  const url = await server();
  for (const protocols of [[], ["app.v1"]]) {
    const client = await openWs(url, protocols, { headers: { cookie: `token=${token}` } });
    expect(client.protocol).toBe(protocols[0] ?? "");
    client.send("hello");
    expect(await client.next()).toBe("ada: hello");
    await client.close();
  }
});

test("a wrong one, and none, are answered 401", async () => {
  const url = await server();
  await expect(openWs(url)).rejects.toThrow("401");
  await expect(openWs(url, ["app.v1", "bearer.wrong"])).rejects.toThrow("401");
});
