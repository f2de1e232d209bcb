// broadcast: framed once, written to many, waiting for none (R2).
import { Buffer } from "node:buffer";
import { type AnyConnection, broadcast } from "hawser";
import { Opcode } from "hawser/wire";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { pumpOf } from "../../src/connection/connection.ts";
import * as encoder from "../../src/wire/rfc6455/encoder.ts";
import { filler } from "../support/bytes.ts";
import { endpoint, pairOf, turns } from "./support.ts";

vi.mock("../../src/wire/rfc6455/encoder.ts", { spy: true });

beforeEach(() => {
  vi.mocked(encoder.sharedMessage).mockClear();
});

function room(size: number, role: "server" | "client" = "server") {
  return Array.from({ length: size }, () => endpoint({ role }));
}

describe("who gets it", () => {
  test("all, each the same, in order with what else is sent to it, in one write", async () => {
    const members = room(3);
    const chunks = members.map(({ peer }) => peer.chunks);
    for (const { ws } of members) ws.send("before");
    expect(broadcast(new Set(members.map(({ ws }) => ws)), "news 漢")).toBe(3);
    for (const { ws } of members) ws.send("after");
    await turns();
    expect(chunks.map((each) => each.length)).toEqual([1, 1, 1]);
    for (const { peer } of members) expect(peer.texts).toEqual(["before", "news 漢", "after"]);
  });

  test("framed once for all servers, once for each client, whose masks differ", async () => {
    const servers = room(5);
    expect(
      broadcast(
        servers.map(({ ws }) => ws),
        "x",
      ),
    ).toBe(5);
    expect(encoder.sharedMessage).toHaveBeenCalledTimes(1);
    const clients = room(2, "client");
    const all: AnyConnection[] = [...servers, ...clients].map(({ ws }) => ws);
    expect(broadcast(all, filler(40_000))).toBe(7);
    expect(encoder.sharedMessage).toHaveBeenCalledTimes(2);
    await turns();
    for (const { peer } of clients) {
      expect(peer.frames).toMatchObject([{ masked: true, opcode: Opcode.binary, payload: filler(40_000) }]);
    }
    for (const { peer } of servers) expect(peer.frames).toHaveLength(2);
  });

  test("once for each setting, in whatever order the connections come", async () => {
    const compression = { threshold: 1 };
    const pairs = [true, false, true, false].map((small) => pairOf(small ? { compression } : {}));
    const encodings = pairs.map(({ server }) => vi.spyOn(pumpOf(server).wire, "encode"));
    expect(
      broadcast(
        pairs.map(({ server }) => server),
        "to all",
      ),
    ).toBe(4);
    expect(encodings.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0, 0]);
    for (const { client } of pairs) expect(await client.receive()).toBe("to all");
  });

  test("nothing is framed for nobody, but what is no message is one all the same", () => {
    expect(broadcast([], "x")).toBe(0);
    expect(encoder.sharedMessage).not.toHaveBeenCalled();
    expect(() => broadcast([], 5 as unknown as string)).toThrow(TypeError);
  });

  test("except one, or a set", async () => {
    const [a, b, c] = room(3).map(({ ws }) => ws);
    if (a === undefined || b === undefined || c === undefined) throw new Error("never");
    expect(broadcast([a, b, c], "1", { except: b })).toBe(2);
    expect(broadcast([a, b, c], "2", { except: new Set([a, c]) })).toBe(1);
    expect(broadcast([a, b, c], "3", { except: undefined })).toBe(3);
    const sent = await Promise.all([a, b, c].map((ws) => ws.terminate()));
    expect(sent.map(({ messages }) => messages.sent)).toEqual([2, 2, 2]);
  });

  test("an option that there is not is no way to leave somebody out", () => {
    const { server } = pairOf();
    for (const options of [server, { exept: server }])
      expect(() => broadcast([server], "x", options as object)).toThrow("broadcast() has no option");
  });

  test("those that are not open are skipped, and it is no refused message of theirs", async () => {
    const [open, closing, closed] = room(3).map(({ ws }) => ws);
    if (open === undefined || closing === undefined || closed === undefined) throw new Error("never");
    void closing.close();
    await closed.terminate();
    expect(broadcast([closing, closed, open], "x")).toBe(1);
    expect((await closing.terminate()).unsent.messages).toBe(0);
  });

  test("bytes in any form", async () => {
    const { server, client } = pairOf();
    broadcast([server], new Uint16Array([0x0201]));
    broadcast([server], new Uint8Array([9, 8, 7]).subarray(1));
    expect(await client.receive()).toEqual(new Uint8Array([1, 2]));
    expect(await client.receive()).toEqual(new Uint8Array([8, 7]));
  });

  test("bytes only where the version has them: the others do not take it, and nobody else misses it", async () => {
    const versions = ["hixie-76", "rfc6455", "hixie-75", "hybi-04", "whatwg-2010-08"] as const;
    const pairs = versions.map((version) => pairOf({ version }));
    const all = pairs.flatMap(({ server, client }): AnyConnection[] => [client, server]);
    expect(broadcast(all, new Uint8Array([1]))).toBe(4);
    expect(broadcast(all, "text")).toBe(10);
    expect(broadcast(all, new Uint8Array([2]), { compress: false })).toBe(4);
    for (const { server, client } of pairs) {
      for (const ws of [server, client]) {
        expect(ws.phase).toBe("open");
        if (ws.can.binary) expect(await ws.receive()).toEqual(new Uint8Array([1]));
        expect(await ws.receive()).toBe("text");
        if (ws.can.binary) expect(await ws.receive()).toEqual(new Uint8Array([2]));
      }
      expect((await server.terminate()).unsent.messages).toBe(0);
    }
  });

  test("behind a message in fragments", async () => {
    const { ws, peer } = endpoint();
    async function* pieces() {
      yield "a";
      broadcast([ws], "news");
      yield "b";
    }
    await ws.sendStream("text", pieces());
    await turns();
    expect(peer.frames.map(({ payload }) => String(payload))).toEqual(["a", "b", "", "news"]);
  });
});

describe("a slow one", () => {
  test("is dropped with 1008 when more than sendBuffer waits; the others do not notice", async () => {
    const fast = endpoint();
    const slow = endpoint({ limits: { sendBuffer: 1000, sendMark: 100 } });
    slow.out.stall();
    const all: ReadonlySet<AnyConnection> = new Set([slow.ws, fast.ws]);
    expect(broadcast(all, filler(2000))).toBe(2);
    await turns();
    expect(broadcast(all, "too much")).toBe(1);
    expect(broadcast(all, "again")).toBe(1);
    expect(slow.ws.phase).toBe("closing");
    await turns();
    expect(fast.peer.frames).toHaveLength(3);
    slow.out.unstall();
    await turns();
    expect(slow.peer.closes).toEqual([1008]);
    slow.peer.transport.end();
    expect(await slow.ws.closed).toMatchObject({
      cause: "limit",
      limit: "limits.sendBuffer",
      unsent: { messages: 1 },
      messages: { sent: 1 },
    });
  });

  test("over its mark takes it, and so does a client", () => {
    for (const role of ["server", "client"] as const) {
      const { ws, out } = endpoint({ role, limits: { sendMark: 10 } });
      out.stall();
      ws.send(filler(100));
      expect(broadcast([ws], Buffer.from("more"))).toBe(1);
      expect(pumpOf(ws).sender.overMark).toBe(true);
    }
  });
});

test("except may be any iterable, and nothing else", () => {
  const [one, two] = [pairOf().server, pairOf().server];
  expect(broadcast([one, two], "x", { except: [one] })).toBe(1);
  expect(broadcast([one, two], "x", { except: new Set([one, two]) })).toBe(0);
  const given: unknown = 5;
  expect(() => Reflect.apply(broadcast, undefined, [[one], "x", { except: given }])).toThrow(
    "except must be a connection, or several in an iterable, not the number 5",
  );
  expect(() => Reflect.apply(broadcast, undefined, [given, "x"])).toThrow(
    "broadcast() takes connections in an iterable, not the number 5",
  );
});
