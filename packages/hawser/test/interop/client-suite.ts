// What our client is put to with every server, over ws and wss. The server does what the path says:
//
// - /echo: sends each message back; /fragments: in three fragments
// - /ping: sends a ping with what each message holds, and "pong …" when its pong has come
// - /close?code=…&reason=…: closes at the first message; /drop: drops the socket
// - /request: sends the line and the headers of the request
// - /end?of=…: sends how the connection with ?id=… has ended
// - /refused: 401 with a body
import { Buffer } from "node:buffer";
import { createSecureContext } from "node:tls";
import { type Connection, type ConnectOptions, connect, HandshakeError, type Message } from "hawser";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { filler } from "../support/bytes.ts";
import { registeredCodes } from "./peer.ts";
import { type ServerKind, type ServerProcess, startServer } from "./server-process.ts";

const MiB = 1024 * 1024;
const CROWD = 1000;
const CODES = [...registeredCodes, 3000, 3999, 4000, 4999];
const TEXTS: readonly (readonly [what: string, content: string])[] = [
  ["empty", ""],
  ["ASCII", "Hello, world!"],
  ["Chinese", "滴水之恩当以涌泉相报"],
  ["emoji", "🦊👩‍🚀🏳️‍🌈"],
  ["1 MiB", "é水😀!".repeat(MiB / 10)],
];

/** Equal kinds and equal contents. */
function expectSame(actual: Message | undefined, expected: Message): void {
  expect(typeof actual).toBe(typeof expected);
  // Not toEqual: it takes its time over a megabyte.
  const same =
    typeof expected === "string" ? actual === expected : Buffer.from(expected).equals(actual as Buffer);
  if (!same) throw new Error("the message came back another one");
}

/** The suite of one kind of server. */
export function describeServer(kind: ServerKind): void {
  const where = kind.isThere ? kind.name : `${kind.name} (missing; ${kind.install})`;
  describe.skipIf(!kind.isThere)(where, () => {
    let server: ServerProcess;
    beforeAll(async () => {
      server = await startServer(kind);
    });
    afterAll(() => server?.stop());

    describe.each(["ws", "wss"] as const)("over %s", (scheme) => {
      const open = async (target: string, options: ConnectOptions = {}): Promise<Connection<Message>> => {
        const ws = await connect(`${server[scheme]}${target}`, {
          tls: { ca: server.ca },
          limits: { message: 2 * MiB, sendBuffer: 4 * MiB },
          ...options,
        });
        onTestFinished(async () => void (await ws.terminate()));
        return ws;
      };

      let connections = 0;
      /** A connection, and how the server will have seen its end. */
      const openWatched = async (target: string) => {
        connections += 1;
        const id = `${scheme}${connections}`;
        const ws = await open(`${target}${target.includes("?") ? "&" : "?"}id=${id}`);
        const seen = async () => {
          const watcher = await open(`/end?of=${id}`);
          return JSON.parse(String(await watcher.receive())) as { code: number; reason: string };
        };
        return { ws, seen };
      };

      test.each(TEXTS)("echo of text: %s", async (_what, content) => {
        const ws = await open("/echo");
        ws.send(content);
        expectSame(await ws.receive(), content);
        expect(await ws.close(1000, "done")).toMatchObject({
          clean: true,
          messages: { sent: 1, received: 1 },
        });
      });

      test("echo of binary of many sizes", async () => {
        const ws = await open("/echo");
        for (const size of [0, 1, 125, 126, 65_535, 65_536, MiB]) {
          ws.send(filler(size));
          expectSame(await ws.receive(), filler(size));
        }
        expect(await ws.close()).toMatchObject({ clean: true });
      });

      test("many messages at once, in order", async () => {
        const ws = await open("/echo");
        const messages = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
        for (const message of messages) ws.send(message);
        for (const message of messages) expect(await ws.receive()).toBe(message);
      });

      test("fragments from us", async () => {
        const ws = await open("/echo");
        expect(await ws.sendStream("text", ["滴水之恩", "", "当以涌泉相报"])).toBe(true);
        expect(await ws.receive()).toBe("滴水之恩当以涌泉相报");
        const pieces = [filler(1), filler(70_000), filler(300)];
        expect(await ws.sendStream("binary", pieces)).toBe(true);
        expectSame(await ws.receive(), Buffer.concat(pieces));
      });

      test("fragments from the server", async () => {
        const ws = await open("/fragments");
        // Some servers cut text between bytes: in the midst of these letters.
        for (const message of ["滴水之恩当以涌泉相报", "ab", filler(200_000)]) {
          ws.send(message);
          expectSame(await ws.receive(), message);
        }
      });

      test("a ping of ours, also between fragments", async () => {
        const ws = await open("/echo");
        expect(await ws.ping("are you there?")).toBeGreaterThanOrEqual(0);
        const pieces = async function* () {
          yield "a";
          await ws.ping();
          yield "b";
        };
        expect(await ws.sendStream("text", pieces())).toBe(true);
        expect(await ws.receive()).toBe("ab");
      });

      test("a ping of the server", async () => {
        const ws = await open("/ping");
        ws.send("are you there?");
        expect(await ws.receive()).toBe("pong are you there?");
      });

      test("a subprotocol is agreed on, or none", async () => {
        expect((await open("/echo", { subprotocols: ["chat.v1", "chat.v2"] })).subprotocol).toBe("chat.v2");
        expect((await open("/echo", { subprotocols: ["chat.v1"] })).subprotocol).toBe("");
        expect((await open("/echo")).subprotocol).toBe("");
      });

      test("the request as the server sees it, and its answer as we do", async () => {
        const headers = { Cookie: "user=meng", "X-Tag": "blue" };
        const ws = await open("/request?a=%20b&c", { headers, subprotocols: ["chat.v2"] });
        const { host } = new URL(server[scheme]);
        expect(ws.response).toMatchObject({ status: 101 });
        expect(JSON.parse(String(await ws.receive()))).toMatchObject({
          target: "/request?a=%20b&c",
          headers: { host, cookie: "user=meng", "x-tag": "blue", "sec-websocket-protocol": "chat.v2" },
        });
      });

      test("a refusal", async () => {
        const error: unknown = await open("/refused").catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(HandshakeError);
        const { status, body, headers, message } = error as HandshakeError;
        expect([status, body, headers.get("x-why")]).toEqual([401, "who are you?", "no"]);
        expect(message).toBe("the server refused with 401 Unauthorized");
      });

      test.each(CODES)("we close with %i", async (code) => {
        const { ws, seen } = await openWatched("/echo");
        const end = { code, reason: `because of ${code} 水` };
        expect(await ws.close(code, end.reason)).toMatchObject({
          code,
          clean: true,
          initiator: "local",
          cause: "close",
          sent: end,
        });
        expect(await seen()).toEqual(end);
      });

      test("we close without a code, which is 1000", async () => {
        const { ws, seen } = await openWatched("/echo");
        expect(await ws.close()).toMatchObject({ code: 1000, clean: true, initiator: "local" });
        expect(await seen()).toEqual({ code: 1000, reason: "" });
      });

      test.each(CODES)("the server closes with %i", async (code) => {
        const end = { code, reason: `because of ${code} 水` };
        const { ws, seen } = await openWatched(
          `/close?code=${code}&reason=${encodeURIComponent(end.reason)}`,
        );
        ws.send("now");
        expect(await ws.closed).toMatchObject({
          ...end,
          clean: true,
          initiator: "peer",
          cause: "close",
          received: end,
        });
        expect(await ws.receive()).toBeUndefined();
        expect((await seen()).code).toBe(code);
      });

      test("the server closes without a code", async () => {
        const { ws } = await openWatched("/close");
        ws.send("now");
        const code = kind.closesWithoutCode ? 1005 : 1000;
        expect(await ws.closed).toMatchObject({ code, reason: "", clean: true, initiator: "peer" });
      });

      test("both close at once", async () => {
        const { ws, seen } = await openWatched("/close?code=4001&reason=theirs");
        ws.send("now");
        const report = await ws.close(4000, "ours");
        expect(report.clean).toBe(true);
        expect([4000, 4001]).toContain(report.code);
        expect([4000, 4001]).toContain((await seen()).code);
      });

      test("what we send right before closing arrives first", async () => {
        const ws = await open("/echo");
        ws.send(filler(MiB));
        ws.send("last words");
        const closing = ws.close(1001, "bye");
        expect(await closing).toMatchObject({ clean: true, unsent: { messages: 0, bytes: 0 } });
      });

      test("the server drops the socket", async () => {
        const ws = await open("/drop");
        ws.send("now");
        expect(await ws.closed).toMatchObject({ code: 1006, clean: false, initiator: "peer", cause: "lost" });
      });

      test("we drop the socket", async () => {
        const { ws, seen } = await openWatched("/echo");
        expect(await ws.terminate()).toMatchObject({ code: 1006, clean: false, initiator: "local" });
        expect((await seen()).code).toBe(1006);
      });

      test(`${CROWD} connections at once, with an echo on each`, { timeout: 180_000 }, async () => {
        const timeouts = { handshake: 150_000, keepalive: Number.POSITIVE_INFINITY, close: 150_000 };
        // Made once: reading certificates takes longer than all the rest of connecting.
        const tls = { secureContext: createSecureContext({ ca: server.ca }) };
        const opening = Array.from({ length: CROWD }, () => open("/echo", { timeouts, tls }));
        const crowd = await Promise.all(opening);
        for (const [index, ws] of crowd.entries()) ws.send(`message ${index}`);
        const echoes = await Promise.all(crowd.map((ws) => ws.receive()));
        expect(echoes).toEqual(crowd.map((_ws, index) => `message ${index}`));
        const reports = await Promise.all(crowd.map((ws) => ws.close(1000)));
        expect(reports.filter(({ clean }) => !clean)).toEqual([]);
      });
    });
  });
}
