// What every peer is put to, at each of the three entrances of the library.
import { Buffer } from "node:buffer";
import { refuse, type UpgradeRequest } from "hawser";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { filler } from "../support/bytes.ts";
import { type Arrival, type Entrance, entrances } from "./entrances.ts";
import {
  type ConnectOptions,
  type Message,
  type Peer,
  type PeerKind,
  PeerRefused,
  type PeerSocket,
  registeredCodes,
} from "./peer.ts";

const MiB = 1024 * 1024;
const SIZES = [0, 1, 125, 126, 65_535, 65_536, MiB];
const TEXTS: readonly (readonly [what: string, content: string])[] = [
  ["empty", ""],
  ["ASCII", "Hello, world!"],
  ["Chinese", "滴水之恩当以涌泉相报"],
  ["emoji", "🦊👩‍🚀🏳️‍🌈"],
  ["1 MiB", "é水😀!".repeat(MiB / 10)],
];

/** Registers a test, or nothing: a skip here is a peer that is missing. */
const testIf = (wanted: boolean) => (name: string, run: () => Promise<void>) => {
  if (wanted) test(name, run);
};

/** Equal kinds and equal contents. */
function expectSame(actual: Message | undefined, expected: Message): void {
  expect(typeof actual).toBe(typeof expected);
  // Not toEqual: it takes its time over a megabyte.
  const same =
    typeof expected === "string" ? actual === expected : Buffer.from(expected).equals(actual as Buffer);
  if (!same) throw new Error("the message came back another one");
}

/** The suite of one kind of peer. */
export function describePeer(kind: PeerKind): void {
  const where = kind.isThere ? kind.name : `${kind.name} (missing; ${kind.install})`;
  const { can } = kind;
  describe.skipIf(!kind.isThere)(where, () => {
    let peer: Peer;
    beforeAll(async () => {
      peer = await kind.start();
    });
    afterAll(() => peer?.stop());

    describe.each(entrances)("at %s", (_name, openEntrance) => {
      let entrance: Entrance;
      const requests: UpgradeRequest[] = [];
      beforeAll(async () => {
        entrance = await openEntrance({
          upgrade(request) {
            requests.push(request);
            if (request.path === "/refused") return refuse(401, "who are you?");
            const subprotocol = request.subprotocols.find((name) => name === "chat.v2");
            const seen = { user: request.cookies["user"], tag: request.headers.get("x-tag") };
            return { state: seen, subprotocol, headers: { "X-Room": "a" } };
          },
        });
      });
      afterAll(() => entrance?.close());

      /** Both ends of a new connection. */
      const pair = async (options?: ConnectOptions): Promise<{ socket: PeerSocket; ws: Arrival }> => {
        const [socket, ws] = await Promise.all([
          peer.connect(`${entrance.url}/`, options),
          entrance.arrival(),
        ]);
        onTestFinished(async () => {
          await ws.terminate();
        });
        return { socket, ws };
      };

      /** Our end sends back whatever comes, until the peer has closed. */
      const echo = async (ws: Arrival) => {
        for await (const message of ws) {
          ws.send(message);
          await ws.drain();
        }
      };

      test.each(TEXTS)("echo of text: %s", async (_what, content) => {
        const { socket, ws } = await pair();
        const echoing = echo(ws);
        await socket.send(content);
        expectSame(await socket.receive(), content);
        await socket.close(1000, "done");
        await echoing;
      });

      test("echo of binary of many sizes, one after the other", async () => {
        const { socket, ws } = await pair();
        const echoing = echo(ws);
        for (const size of SIZES) {
          await socket.send(filler(size));
          expectSame(await socket.receive(), filler(size));
        }
        await socket.close(1000, "done");
        await echoing;
        expect(await ws.closed).toMatchObject({
          clean: true,
          messages: { sent: SIZES.length, received: SIZES.length },
        });
      });

      test("many messages at once, in order, both ways", async () => {
        const { socket, ws } = await pair();
        const messages = Array.from({ length: 50 }, (_, index) => `message ${index}`);
        const echoing = echo(ws);
        await Promise.all(messages.map((message) => socket.send(message)));
        for (const message of messages) expect(await socket.receive()).toBe(message);
        await socket.close(1000, "done");
        await echoing;
      });

      testIf(can.fragments)("fragments from the peer", async () => {
        const { socket, ws } = await pair();
        await socket.sendFragments(["滴水之恩", "", "当以涌泉相报"]);
        expect(await ws.receive()).toBe("滴水之恩当以涌泉相报");
        const pieces = [filler(1), filler(70_000), filler(300)];
        await socket.sendFragments(pieces);
        expectSame(await ws.receive(), Buffer.concat(pieces));
      });

      test("fragments from us", async () => {
        const { socket, ws } = await pair();
        expect(await ws.sendStream("text", ["滴水之恩", "", "当以涌泉相报"])).toBe(true);
        expect(await socket.receive()).toBe("滴水之恩当以涌泉相报");
        const pieces = [filler(1), filler(70_000), filler(300)];
        expect(await ws.sendStream("binary", pieces)).toBe(true);
        expectSame(await socket.receive(), Buffer.concat(pieces));
      });

      test("a ping of ours, also between fragments", async () => {
        const { socket, ws } = await pair();
        expect(await ws.ping("are you there?")).toBeGreaterThanOrEqual(0);
        expect(ws.latency).toBeGreaterThanOrEqual(0);
        const pieces = async function* () {
          yield "a";
          await ws.ping();
          yield "b";
        };
        expect(await ws.sendStream("text", pieces())).toBe(true);
        expect(await socket.receive()).toBe("ab");
      });

      testIf(can.ping)("a ping of the peer", async () => {
        const { socket } = await pair();
        await socket.ping("are you there?");
      });

      test("a subprotocol, agreed on", async () => {
        const { socket, ws } = await pair({ subprotocols: ["chat.v1", "chat.v2"] });
        expect(requests.at(-1)?.path).toBe("/");
        expect([socket.subprotocol, ws.subprotocol]).toEqual(["chat.v2", "chat.v2"]);
      });

      test("no subprotocol", async () => {
        const { socket, ws } = await pair();
        expect([socket.subprotocol, ws.subprotocol]).toEqual(["", ""]);
      });

      test("cookies, and headers where the peer can send them, are seen by the hook", async () => {
        const headers = can.headers ? { "X-Tag": "blue" } : undefined;
        const { ws } = await pair({ cookie: "user=meng", headers });
        expect(ws.state).toEqual({ user: "meng", tag: can.headers ? "blue" : undefined });
      });

      test("a refusal", async () => {
        const refusal = await peer.connect(`${entrance.url}/refused`).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(PeerRefused);
        expect(refusal).toMatchObject({ status: can.status ? 401 : undefined });
      });

      test("the peer closes, with every code it can", async () => {
        for (const code of kind.closeCodes) {
          const { socket, ws } = await pair();
          await socket.close(code, `because of ${code} 水`);
          const end = { code, reason: `because of ${code} 水` };
          expect(await socket.closed()).toMatchObject(end);
          expect(await ws.closed).toMatchObject({
            ...end,
            clean: true,
            initiator: "peer",
            cause: "close",
            phase: "open",
            received: end,
          });
        }
      });

      test("the peer closes without a code", async () => {
        const { socket, ws } = await pair();
        await socket.close();
        const code = can.closeWithoutCode ? 1005 : 1000;
        expect(await socket.closed()).toMatchObject({ code, reason: "" });
        expect(await ws.closed).toMatchObject({ code, reason: "", clean: true, initiator: "peer" });
      });

      test("we close, with every code there is", async () => {
        for (const code of [...registeredCodes, 3000, 3999, 4000, 4999]) {
          const { socket, ws } = await pair();
          const end = { code, reason: `because of ${code} 水` };
          const report = await ws.close(code, end.reason);
          expect(await socket.closed()).toMatchObject(end);
          // The peer's answer says the same.
          expect(report).toMatchObject({ code, clean: true, initiator: "local", cause: "close", sent: end });
        }
      });

      test("both close at once", async () => {
        const { socket, ws } = await pair();
        const [report] = await Promise.all([ws.close(4001, "ours"), socket.close(4000, "theirs")]);
        // Whoever was first, both agree that it was clean.
        expect(report.clean).toBe(true);
        expect([4000, 4001]).toContain(report.code);
        expect([4000, 4001]).toContain((await socket.closed()).code);
      });

      test("what we send right before closing arrives first", async () => {
        const { socket, ws } = await pair();
        ws.send(filler(MiB));
        ws.send("last words");
        const closing = ws.close(1001, "bye");
        expectSame(await socket.receive(), filler(MiB));
        expect(await socket.receive()).toBe("last words");
        expect(await socket.closed()).toMatchObject({ code: 1001, reason: "bye" });
        expect(await closing).toMatchObject({ clean: true, unsent: { messages: 0, bytes: 0 } });
      });

      test("we drop the peer", async () => {
        const { socket, ws } = await pair();
        const report = await ws.terminate();
        expect(report).toMatchObject({
          code: 1006,
          clean: false,
          initiator: "local",
          cause: "terminated",
        });
        expect(await socket.closed()).toMatchObject({ code: 1006, reason: "" });
      });

      testIf(can.drop)("the peer drops us", async () => {
        const { socket, ws } = await pair();
        await socket.drop();
        expect(await ws.closed).toMatchObject({
          code: 1006,
          clean: false,
          initiator: "peer",
          cause: "lost",
          received: undefined,
        });
      });
    });
  });
}
