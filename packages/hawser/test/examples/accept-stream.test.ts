// examples/accept-stream.ts
import { expect, onTestFinished, test, vi } from "vitest";
import { start } from "../../../../examples/accept-stream.ts";
import { certificateFor, type KeyPair } from "../serve/support/certificates.ts";
import { exchange, openUndici, openWs, portOf } from "./support.ts";

async function server(tls?: KeyPair) {
  const said: string[] = [];
  let heard: () => void = () => undefined;
  vi.spyOn(console, "log").mockImplementation((line: string) => {
    said.push(line);
    heard();
  });
  const { url, close } = await start(0, tls);
  onTestFinished(() => close());
  /** What it printed, once that is so many lines. */
  const lines = (count: number) =>
    new Promise<string[]>((resolve) => {
      heard = () => {
        if (said.length === count) resolve(said);
      };
      heard();
    });
  return { url, lines };
}

test("it echoes, and reports how the client quit", async () => {
  const { url, lines } = await server();
  const client = await openUndici(url);
  client.send("hello");
  expect(await client.next()).toBe("hello");
  await client.close();
  expect(await lines(1)).toEqual(["client quit: 1000, close"]);
});

test("over TLS too", async () => {
  const tls = certificateFor("localhost");
  const { url, lines } = await server(tls);
  const client = await openWs(url.replace("127.0.0.1", "localhost"), [], { ca: tls.cert });
  expect(client.headers["x-greeting"]).toBe("hello");
  client.send("hello");
  expect(await client.next()).toBe("hello");
  await client.close();
  expect(await lines(1)).toEqual(["client quit: 1000, close"]);
});

test("another path is refused by the application, another request by the library", async () => {
  const { url, lines } = await server();
  await expect(openWs(url.replace("/echo", "/other"))).rejects.toThrow("404");
  const answer = await exchange(portOf(url), ["GET / HTTP/1.1", "Host: localhost"]);
  expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
  expect(await lines(1)).toEqual(["refused with 426: there is a WebSocket here, and nothing else"]);
});
