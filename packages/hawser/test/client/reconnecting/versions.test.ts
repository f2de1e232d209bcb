// Wire versions before RFC 6455: each can be spoken, and what one cannot carry is said at the call, whether it is open or not.
import { allVersions, serve } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { reconnecting } from "../../../src/client/reconnecting/reconnecting.ts";
import type { WireVersion } from "../../../src/wire/wire.ts";
import { turns } from "../../connection/support.ts";
import { Network } from "./support.ts";

test.each(allVersions)("%s: messages come and go, those that waited included", async (version) => {
  const server = await serve({ port: 0, host: "127.0.0.1", versions: [version] }, async (ws) => {
    for await (const message of ws) ws.send(message);
  });
  onTestFinished(async () => void (await server.close()));
  const ws = reconnecting(server.url, { version });
  expect(ws.send("waits")).toBe(true);
  expect(await ws.receive()).toBe("waits");
  ws.send("does not");
  expect(await ws.receive()).toBe("does not");
  expect(await ws.close()).toMatchObject({ cause: "close", unsent: { messages: 0 } });
});

describe.each<WireVersion>(["hixie-75", "hixie-76", "whatwg-2010-08"])("%s", (version) => {
  test("bytes are refused at once, and not when there is a connection", async () => {
    const client = new Network().reconnecting({ version });
    expect(() => client.send(Uint8Array.of(1))).toThrow(
      expect.objectContaining({ code: "ERR_HAWSER_UNSUPPORTED", message: `${version} carries text only` }),
    );
    expect((await client.close()).unsent).toMatchObject({ messages: 0, refused: 0 });
  });
});

describe.each<[WireVersion, number]>([
  ["hixie-76", 4000],
  ["hybi-05", 1001],
  ["hybi-06", 1011],
])("%s: close(%i), which it cannot say", (version, code) => {
  test("throws, and changes nothing", async () => {
    const net = new Network();
    const client = net.reconnecting({ version });
    const server = (await net.next()).accept();
    await turns();
    expect(() => client.close(code)).toThrow(expect.objectContaining({ code: "ERR_HAWSER_UNSUPPORTED" }));
    expect(client.state.phase).toBe("open");
    client.send("still here");
    expect(await server.receive()).toBe("still here");
  });
});
