// examples/chat.ts
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/chat.ts";
import { exchange, openUndici, openWs } from "./support.ts";

async function chat(): Promise<string> {
  const server = await start(0);
  onTestFinished(async () => void (await server.close()));
  return `${server.url}/chat`;
}

test("a message goes to the others in the room, and to them alone", async () => {
  const url = await chat();
  const ada = await openWs(`${url}/tea?name=ada`);
  expect(await ada.next()).toBe("ada came in");
  const bob = await openUndici(`${url}/tea?name=bob`);
  expect([await ada.next(), await bob.next()]).toEqual(["bob came in", "bob came in"]);
  const eve = await openWs(`${url}/coffee?name=eve`);
  expect(await eve.next()).toBe("eve came in");

  ada.send("hello");
  bob.send("hi");
  // Ada's own message did not come back to her: the next thing she hears is Bob's.
  expect([await bob.next(), await ada.next()]).toEqual(["ada: hello", "bob: hi"]);

  await bob.close();
  expect(await ada.next()).toBe("bob went away");
  eve.send("anybody?");
  await ada.close();
  const late = await openWs(`${url}/coffee?name=sam`);
  expect([await eve.next(), await late.next()]).toEqual(["sam came in", "sam came in"]);
});

test("who has no name is told so", async () => {
  const url = await chat();
  await expect(openWs(`${url}/tea`)).rejects.toThrow("400");
  const answer = await exchange(Number(new URL(url).port), [
    "GET /chat/tea HTTP/1.1",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ]);
  expect(answer).toContain("say who you are, as in ?name=ada");
});

test("there is nothing at other paths", async () => {
  await expect(openWs(await chat())).rejects.toThrow("404");
});
