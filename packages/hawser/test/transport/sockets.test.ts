// Output over real sockets: how many writes reach the system, and that no byte changes under backpressure.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { DuplexTransport } from "../../src/transport/duplex.ts";
import { onceSlab, sharedSlab } from "../../src/transport/slab.ts";
import { put, record, socketPair, tlsPair, turns } from "./support.ts";

/** Counts the writes that a socket makes. */
function countWrites(socket: Socket): { count: number } {
  const writes = { count: 0 };
  const { _write, _writev } = socket;
  socket._write = (...args) => {
    writes.count += 1;
    _write.apply(socket, args);
  };
  socket._writev = (...args) => {
    writes.count += 1;
    _writev?.apply(socket, args);
  };
  return writes;
}

/** Numbers that look random and are the same in each run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state;
  };
}

const digest = (chunks: readonly Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
};

test("32 frames per read go out in one write", async () => {
  const [socket, peer] = await socketPair();
  const writes = countWrites(peer);
  const server = new DuplexTransport(peer);
  const client = new DuplexTransport(socket);
  const atServer = record(server);
  const atClient = record(client);
  let reads = 0;
  atServer.onEvent = () => {
    reads += 1;
    for (let i = 0; i < 32; i++) put(server, "twenty bytes of text");
    server.flush();
  };
  for (let round = 1; round <= 50; round++) {
    put(client, "x");
    client.flush();
    await atClient.until(() => atClient.bytes === reads * 640 && reads === round);
  }
  expect([reads, writes.count]).toEqual([50, 50]);
  expect(server.taken).toBe(50 * 640);
  expect(atServer.has("drained")).toBe(false);
});

test("sends outside a read go out in one write per turn", async () => {
  const [socket, peer] = await socketPair();
  const writes = countWrites(peer);
  const server = new DuplexTransport(peer);
  const atClient = record(new DuplexTransport(socket));
  for (let i = 0; i < 10; i++) {
    put(server, "frame ");
    server.write(Buffer.alloc(20_000, "p"));
  }
  await atClient.until(() => atClient.bytes === 200_060);
  expect(writes.count).toBe(2);
});

/** Sends `total` bytes of frames and foreign parts of all sizes, over all the given pairs at once, and checks what arrives. */
async function flood(pairs: readonly (readonly [Socket, Socket])[], total: number) {
  await Promise.all(
    pairs.map(async ([socket, peer], index) => {
      const next = sequence(index + 1);
      const sender = new DuplexTransport(peer);
      const reader = new DuplexTransport(socket);
      const atReader = record(reader);
      const atSender = record(sender);
      const sent: Buffer[] = [];
      let bytes = 0;
      while (bytes < total) {
        if (next() % 50 === 0) reader.pause();
        for (let i = next() % 20; i >= 0; i--) {
          const kind = next() % 40;
          const size = kind === 0 ? next() % 300_000 : kind < 5 ? next() % 30_000 : next() % 300;
          const payload = Buffer.alloc(size, `${index}.${bytes};`);
          bytes += size;
          sent.push(payload);
          if (size > 16_000 || kind % 2 === 0) sender.write(payload);
          else put(sender, payload.toString("latin1"));
        }
        if (next() % 3 === 0) sender.flush();
        expect(sender.taken + sender.buffered).toBe(bytes);
        await turns(1);
        if (next() % 20 === 0) reader.resume();
      }
      reader.resume();
      sender.end();
      await atReader.until(() => atReader.has("end"));
      expect(atReader.bytes).toBe(bytes);
      expect(digest(atReader.chunks)).toBe(digest(sent));
      expect([sender.buffered, sender.taken]).toEqual([0, bytes]);
      reader.end();
      await atSender.until(() => atSender.isLost);
    }),
  );
}

describe("bytes under backpressure are the bytes that were sent", () => {
  test("over TCP, by several writers that share the slab", async () => {
    await flood(await Promise.all(Array.from({ length: 6 }, () => socketPair())), 8 * 1024 * 1024);
  });

  test("over TLS", async () => {
    await flood(await Promise.all(Array.from({ length: 3 }, () => tlsPair())), 4 * 1024 * 1024);
  });

  test("over both at once", async () => {
    const pairs = await Promise.all([socketPair(), tlsPair(), socketPair(), tlsPair()]);
    await flood(pairs, 4 * 1024 * 1024);
  });
});

test("a stalled reader's bytes survive the turnover of the slab", async () => {
  const [stalledEnd, stalledPeer] = await socketPair();
  const [quickEnd, quickPeer] = await socketPair();
  const stalled = new DuplexTransport(stalledPeer);
  const quick = new DuplexTransport(quickPeer);
  const reader = new DuplexTransport(stalledEnd);
  const atReader = record(reader);
  const atQuick = record(new DuplexTransport(quickEnd));
  reader.pause();
  let sent = "";
  while (stalled.buffered === 0) {
    const text = `${sent.length},`.repeat(4000);
    sent += text;
    for (let at = 0; at < text.length; at += 1000) put(stalled, text.slice(at, at + 1000));
    await turns(1);
  }
  let expected = 0;
  for (let round = 0; round < 300; round++) {
    put(quick, "#".repeat(1000));
    put(stalled, `<${round}>`);
    sent += `<${round}>`;
    expected += 1000;
    await turns(1);
  }
  await atQuick.until(() => atQuick.bytes === expected);
  reader.resume();
  await atReader.until(() => atReader.bytes === sent.length);
  expect(atReader.text).toBe(sent);
  expect(stalled.buffered).toBe(0);
});

test("the slab is used again over TCP, and TLS has another that is written once", async () => {
  const [socket, peer] = await socketPair();
  const [secure, securePeer] = await tlsPair();
  const atTcp = record(new DuplexTransport(socket));
  const atTls = record(new DuplexTransport(secure));
  const tcp = new DuplexTransport(peer);
  const tls = new DuplexTransport(securePeer);
  const start = sharedSlab.used;
  const onceStart = onceSlab.used;
  for (let round = 1; round <= 10; round++) {
    put(tcp, "over TCP");
    tcp.flush();
    await atTcp.until(() => atTcp.bytes === 8 * round);
    put(tls, "over TLS");
    tls.flush();
    await atTls.until(() => atTls.bytes === 8 * round);
    expect([sharedSlab.used, onceSlab.used]).toEqual([start, onceStart + 8 * round]);
  }
});

test("a socket whose methods somebody replaced does not get the slab", async () => {
  for (const method of ["write", "_write", "_writev", "_writeGeneric"]) {
    const [socket, peer] = await socketPair();
    const kept: Buffer[] = [];
    const original: unknown = Reflect.get(peer, method);
    Reflect.set(peer, method, (...args: unknown[]) => {
      for (const arg of args) if (Buffer.isBuffer(arg)) kept.push(arg);
      return typeof original === "function" ? original.apply(peer, args) : undefined;
    });
    const atReader = record(new DuplexTransport(socket));
    const transport = new DuplexTransport(peer);
    for (const text of ["first", "other"]) {
      put(transport, text);
      transport.flush();
    }
    await atReader.until(() => atReader.bytes === 10);
    expect(kept.map(String)).toEqual(method === "_writev" ? [] : ["first", "other"]);
  }
});
