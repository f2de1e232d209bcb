// Wire versions before RFC 6455 at a client: what a server may leave out, what it may not, and when the connection is open.
import { Buffer } from "node:buffer";
import { allVersions, connect, HandshakeError, serve, UnsupportedError, type WireVersion } from "hawser";
import { describe, expect, test } from "vitest";
import { keyNumber, proofOf } from "../../src/handshake/legacy/key-number.ts";
import { Guard } from "../serve/support/guard.ts";
import { bytes } from "../support/bytes.ts";
import { acceptOf, type Caller, ScriptedServer } from "../support/scripted-server.ts";

const guard = new Guard();

const scripted = async (script: (caller: Caller) => unknown): Promise<ScriptedServer> => {
  const server = await ScriptedServer.listen(script);
  guard.closing(server);
  return server;
};

/** Reads a request of hixie-76, and gives what proves it. */
async function proven(caller: Caller): Promise<{ proof: Buffer; said: string[] }> {
  const { headers } = await caller.asked();
  const body = await caller.bytes(8);
  const number = (name: string) => keyNumber(name, headers[name] ?? "");
  const proof = proofOf([number("sec-websocket-key1"), number("sec-websocket-key2")], body);
  const said = [
    `Sec-WebSocket-Origin: ${headers["origin"]}`,
    `Sec-WebSocket-Location: ws://${headers["host"]}/x`,
  ];
  return { proof, said };
}

const head76 = (...lines: readonly string[]) =>
  ["HTTP/1.1 101 Yes", "Upgrade: WebSocket", "Connection: Upgrade", ...lines, "", ""].join("\r\n");

describe("hixie-76", () => {
  test("the proof may come late, in pieces, and with the first frame behind it", async () => {
    const server = await scripted(async (caller) => {
      const { proof, said } = await proven(caller);
      await caller.send(Buffer.concat([Buffer.from(head76(...said)), proof, bytes`00 ${"Hello"} ff`]), 1);
    });
    const ws = await connect(server.url("/x"), { version: "hixie-76" });
    expect(await ws.receive()).toBe("Hello");
    expect([ws.version, ws.response.reason]).toEqual(["hixie-76", "Yes"]);
    await ws.terminate();
  });

  test("a wrong proof, or half of one, is no connection", async () => {
    const wrong = await scripted(async (caller) => {
      const { said } = await proven(caller);
      caller.write(head76(...said), Buffer.alloc(16));
    });
    await expect(connect(wrong.url("/x"), { version: "hixie-76" })).rejects.toThrow("sixteen bytes");
    const half = await scripted(async (caller) => {
      const { proof, said } = await proven(caller);
      caller.write(head76(...said), proof.subarray(0, 8));
      caller.end();
    });
    await expect(connect(half.url("/x"), { version: "hixie-76" })).rejects.toBeInstanceOf(HandshakeError);
  });

  test("what is left out of the answer, as Racket's server does, is an error unless it is to be none", async () => {
    const server = await scripted(async (caller) => {
      const { proof } = await proven(caller);
      caller.write(head76(), proof);
    });
    await expect(connect(server.url("/x"), { version: "hixie-76" })).rejects.toThrow("Sec-WebSocket-Origin");
    const ws = await connect(server.url("/x"), { version: "hixie-76", lenient: true });
    expect(ws.phase).toBe("open");
    await ws.terminate();
  });
});

test("hixie-75: byte by byte, or leniently", async () => {
  const server = await scripted((caller) =>
    caller.answer(
      "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n",
    ),
  );
  await expect(connect(server.url(), { version: "hixie-75" })).rejects.toThrow("WebSocket-Origin");
  const ws = await connect(server.url(), { version: "hixie-75", lenient: true });
  expect(ws.can).toMatchObject({ binary: false, ping: false, closeCode: false });
  await ws.terminate();
});

test("hybi-04: a frame is masked whole, with the keys of the handshake", async () => {
  const nonce = "AQIDBAUGBwgJCgsMDQ4PEA==";
  const server = await scripted(async (caller) => {
    const { key } = await caller.asked();
    const accept = `Sec-WebSocket-Accept: ${acceptOf(key)}\r\nSec-WebSocket-Nonce: ${nonce}`;
    caller.write(
      `HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accept}\r\n\r\n`,
      bytes`84 05 ${"Hello"}`,
    );
    await caller.bytes(4 + 7);
    caller.write(bytes`84 03 ${"bye"}`);
  });
  const ws = await connect(server.url(), { version: "hybi-04" });
  expect(await ws.receive()).toBe("Hello");
  ws.send("Hello");
  expect(await ws.receive()).toBe("bye");
  await ws.terminate();
});

describe("what is said at the call", () => {
  test.each<[string, Parameters<typeof connect>[1], new (...given: never[]) => Error]>([
    ["an unknown version", { version: "hixie-74" as never }, TypeError],
    ["lenient that is neither", { lenient: 1 as never }, TypeError],
    ["compression in hixie-76", { version: "hixie-76", compression: true }, UnsupportedError],
    ["compression in hybi-08", { version: "hybi-08", compression: true }, UnsupportedError],
    ["two subprotocols in hixie-76", { version: "hixie-76", subprotocols: ["a", "b"] }, UnsupportedError],
  ])("%s", async (_what, options, kind) => {
    // Nobody listens there: what is wrong is said before anybody is called.
    await expect(connect("ws://127.0.0.1:1/", options)).rejects.toBeInstanceOf(kind);
  });

  test("what a version cannot carry, with its name", async () => {
    const server = await serve(
      { port: 0, host: "127.0.0.1", versions: allVersions, ambiguous: "hixie-76" },
      async (ws) => {
        for await (const message of ws) ws.send(message);
      },
    );
    guard.closing({ close: () => server.close() });
    const open = (version: WireVersion) => connect(server.url, { version });
    const old = await open("hixie-76");
    expect(() => old.send(new Uint8Array(1))).toThrow(UnsupportedError);
    expect(() => old.send(new Uint8Array(1))).toThrow("hixie-76");
    expect(() => old.ping()).toThrow("hixie-76 has no pings");
    await expect(old.sendStream("text", ["a"])).rejects.toThrow("hixie-76");
    expect(() => void old.close(1001)).toThrow("hixie-76 has no close codes");
    expect(() => void old.close(1000, "bye")).toThrow(UnsupportedError);
    expect(() => void old.close(999)).toThrow(RangeError);
    // None of it did any harm.
    old.send("still here");
    expect(await old.receive()).toBe("still here");
    expect(await old.close()).toMatchObject({ code: 1005, clean: true });
    const sixth = await open("hybi-06");
    expect(() => void sixth.close(1011)).toThrow("hybi-06 has no close code 1011");
    expect(await sixth.close(4004, "done")).toMatchObject({ code: 4004, reason: "done", clean: true });
    const eighth = await open("hybi-08");
    expect(await eighth.close(1007, "text")).toMatchObject({ code: 1007, clean: true });
  });
});
