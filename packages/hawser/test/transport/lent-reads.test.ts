// Lent reads: memory that all sockets share, and a transport that keeps nothing of it.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { DuplexTransport } from "../../src/transport/duplex.ts";
import { LentReads } from "../../src/transport/lent-reads.ts";
import { Random } from "../support/random.ts";
import { Recorder, turns } from "./support.ts";

/** Writes down copies: what is lent is gone when `received` returns. */
class Copier extends Recorder {
  override received(chunk: Buffer): void {
    super.received(Buffer.from(chunk));
  }
}

/** Fills the shared memory, as a read of the system does, and lends it. */
function lend(reads: LentReads, text: string): boolean {
  const memory = reads.onread.buffer as Buffer;
  return reads.onread.callback(memory.write(text, "latin1"), memory);
}

/** A stream that gives nothing by itself. */
function silent(write: (text: string) => void = () => undefined): Duplex {
  return new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      write(chunk.toString("latin1"));
      done();
    },
  });
}

/** A transport with lent reads on a stream of the test's. */
function lending(stream = silent()) {
  const reads = new LentReads();
  const transport = new DuplexTransport(stream, undefined, reads);
  return { reads, transport, stream };
}

test("all sockets of a thread share one piece of memory, of what one read can bring", () => {
  const [one, other] = [new LentReads(), new LentReads()];
  expect(one.onread.buffer).toBe(other.onread.buffer);
  expect((one.onread.buffer as Buffer).length).toBe(64 * 1024);
});

test("what is read is lent to its transport alone, which says so", () => {
  const [one, other] = [lending(), lending()];
  const [atOne, atOther] = [new Copier(), new Copier()];
  one.transport.start(atOne);
  other.transport.start(atOther);
  expect([one.transport.lends, new DuplexTransport(silent()).lends]).toEqual([true, false]);
  expect(lend(one.reads, "for one")).toBe(true);
  expect(lend(other.reads, "for the other")).toBe(true);
  expect([atOne.text, atOther.text]).toEqual(["for one", "for the other"]);
  expect([atOne.events, atOther.events]).toEqual([["received 7"], ["received 13"]]);
});

test("a chunk is the shared memory itself: nothing is copied on the way", () => {
  const { reads, transport } = lending();
  const recorder = new Recorder();
  transport.start(recorder);
  lend(reads, "first");
  expect(recorder.chunks[0]?.buffer).toBe((reads.onread.buffer as Buffer).buffer);
  lend(reads, "other");
  expect(recorder.text).toBe("otherother");
});

describe("nothing is delivered", () => {
  test("before the start, nor without a transport", () => {
    const { reads, transport } = lending();
    expect(lend(new LentReads(), "nobody's")).toBe(true);
    lend(reads, "too early");
    const recorder = new Copier();
    transport.start(recorder);
    lend(reads, "now");
    expect(recorder.text).toBe("now");
  });

  test("after destroy", async () => {
    const { reads, transport } = lending();
    const recorder = new Copier();
    transport.start(recorder);
    transport.destroy();
    lend(reads, "too late");
    await recorder.until(() => recorder.isLost);
    lend(reads, "much too late");
    expect(recorder.events).toEqual(["lost"]);
  });
});

describe("a stream that answers from inside write", () => {
  test("is heard afterwards, in order, and what it lent was copied", async () => {
    let answer = true;
    const scene = lending(
      silent(() => {
        if (!answer) return;
        answer = false;
        lend(scene.reads, "one ");
        lend(scene.reads, "two ");
      }),
    );
    const recorder = new Copier();
    scene.transport.start(recorder);
    scene.transport.write(Buffer.from("question"));
    scene.transport.flush();
    expect(recorder.text).toBe("");
    // Before those were delivered, and over the same memory.
    lend(scene.reads, "three");
    (scene.reads.onread.buffer as Buffer).fill("x", 0, 100);
    await recorder.until(() => recorder.bytes === 13);
    expect(recorder.text).toBe("one two three");
    lend(scene.reads, " four");
    expect(recorder.text).toBe("one two three four");
  });

  test("is heard when reading goes on, if it was paused", async () => {
    const scene = lending(silent(() => void lend(scene.reads, "answer")));
    const recorder = new Copier();
    scene.transport.start(recorder);
    scene.transport.pause();
    scene.transport.write(Buffer.from("question"));
    scene.transport.flush();
    await turns();
    expect(recorder.text).toBe("");
    (scene.reads.onread.buffer as Buffer).fill("x", 0, 100);
    scene.transport.resume();
    await recorder.until(() => recorder.bytes === 6);
    expect(recorder.text).toBe("answer");
  });
});

/** A TCP socket whose reads are lent, connected, with its peer. */
async function lendingPair(): Promise<readonly [DuplexTransport, Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const reads = new LentReads();
  const { port } = Object(server.address());
  const socket = connect({ port, host: "127.0.0.1", onread: reads.onread }).pause();
  const [[peer]] = await Promise.all([once(server, "connection"), once(socket, "connect")]);
  server.close();
  onTestFinished(() => {
    socket.destroy();
    peer.destroy();
  });
  peer.on("error", () => undefined);
  return [new DuplexTransport(socket, undefined, reads), peer, socket];
}

describe("over TCP", () => {
  test("what came before the start is not lost: the socket is paused until then", async () => {
    const [transport, peer] = await lendingPair();
    peer.write("before the start");
    await turns(20);
    const recorder = new Copier();
    transport.start(recorder);
    await recorder.until(() => recorder.bytes === 16);
    expect(recorder.text).toBe("before the start");
  });

  test("pause stops the reads, within received too, and resume goes on where they stopped", async () => {
    const [transport, peer] = await lendingPair();
    const recorder = new Copier();
    recorder.onEvent = () => transport.pause();
    transport.start(recorder);
    const sent = Buffer.alloc(400_000, "0123456789abcdefg");
    peer.write(sent);
    let pauses = 0;
    while (recorder.bytes < sent.length) {
      await recorder.until(() => recorder.events.length > pauses);
      expect(recorder.events.length).toBe(pauses + 1);
      await turns(5);
      // Nothing came while it was paused.
      expect(recorder.events.length).toBe(pauses + 1);
      pauses += 1;
      transport.resume();
    }
    expect(Buffer.concat(recorder.chunks).equals(sent)).toBe(true);
    expect(pauses).toBeGreaterThan(3);
  });

  test("the peer's end, behind its bytes, paused or not", async () => {
    for (const paused of [false, true]) {
      const [transport, peer] = await lendingPair();
      const recorder = new Copier();
      transport.start(recorder);
      if (paused) transport.pause();
      peer.end("last words");
      await turns(20);
      if (paused) expect(recorder.events).toEqual([]);
      transport.resume();
      await recorder.until(() => recorder.has("end"));
      expect(recorder.text).toBe("last words");
      transport.end();
      await recorder.until(() => recorder.isLost);
      expect(recorder.events.slice(-2)).toEqual(["end", "lost"]);
    }
  });

  test("a reset is a loss with its error", async () => {
    const [transport, peer] = await lendingPair();
    const recorder = new Copier();
    transport.start(recorder);
    Object.assign(peer, { resetAndClosing: true }).destroy();
    await recorder.until(() => recorder.isLost);
    expect(recorder.events.at(-1)).toBe("lost ECONNRESET");
  });

  test("many sockets at once, paused and resumed at random: each gets its own bytes", async () => {
    const pairs = await Promise.all(Array.from({ length: 12 }, () => lendingPair()));
    await Promise.all(
      pairs.map(async ([transport, peer], index) => {
        const random = new Random(index + 1);
        const sent: Buffer[] = [];
        const recorder = new Copier();
        recorder.onEvent = () => {
          if (random.oneIn(3)) transport.pause();
        };
        transport.start(recorder);
        for (let round = 0; round < 60; round += 1) {
          const bytes = Buffer.alloc(random.below(round % 10 === 0 ? 200_000 : 9000), `${index}.${round};`);
          sent.push(bytes);
          peer.write(bytes);
          await turns(1);
          transport.resume();
        }
        peer.end();
        while (!recorder.has("end")) {
          await turns(1);
          transport.resume();
        }
        expect(Buffer.concat(recorder.chunks).equals(Buffer.concat(sent))).toBe(true);
        transport.end();
      }),
    );
  });
});
