// Streams as transports: what is delivered and in which order, how streams of every make end, and that no error gets away.
import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import { Duplex, type DuplexOptions, PassThrough } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { DuplexTransport } from "../../src/transport/duplex.ts";
import { put, Recorder, record, socketPair, tlsPair, turns } from "./support.ts";

/** A Duplex whose two sides the test holds. */
class Held extends Duplex {
  readonly written: Buffer[] = [];
  /** Calls back from `_final`. */
  finishes = true;

  constructor(options: DuplexOptions = {}) {
    super(options);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    if (this.finishes) done();
  }
}

function held(options?: DuplexOptions, head?: Uint8Array) {
  const stream = new Held(options);
  const transport = new DuplexTransport(stream, head);
  return { stream, transport };
}

describe("bytes", () => {
  test("a frame for many cannot be changed for the others by a stream that works in the memory it is given", async () => {
    class Scribbler extends Held {
      override _write(chunk: Buffer, encoding: string, done: () => void): void {
        super._write(Buffer.from(chunk), encoding, done);
        chunk.fill(0);
      }
    }
    const streams = [new Scribbler(), new Scribbler()];
    const memory = Buffer.from(`<small>${"large".repeat(1000)}`);
    for (const transport of streams.map((stream) => new DuplexTransport(stream))) {
      transport.writeShared({ memory, start: 0, end: 7 });
      transport.writeShared({ memory, start: 7, end: memory.length });
      transport.flush();
    }
    await turns();
    for (const { written } of streams) expect(Buffer.concat(written).equals(memory)).toBe(true);
  });

  test("one that is large goes over TLS from where it lies", async () => {
    const [a, b] = await tlsPair();
    const given = vi.spyOn(Socket.prototype, "write");
    const memory = Buffer.alloc(5000, "x");
    const [transport, peer] = [new DuplexTransport(a), new DuplexTransport(b)];
    const [atA, atB] = [record(transport), record(peer)];
    transport.writeShared({ memory, start: 0, end: 5000 });
    transport.flush();
    expect(given.mock.calls.map(([bytes]) => (bytes as Uint8Array).buffer)).toContain(memory.buffer);
    await atB.until(() => atB.text.length === 5000);
    for (const end of [transport, peer]) end.destroy();
    await atA.until(() => atA.isLost);
    await atB.until(() => atB.isLost);
  });

  for (const [name, pair] of Object.entries({ TCP: () => socketPair(), TLS: tlsPair })) {
    test(`${name}: arrive on both ends, then the ends, then the loss`, async () => {
      const [a, b] = (await pair()).map((socket) => new DuplexTransport(socket));
      const [atA, atB] = [record(a!), record(b!)];
      put(a!, "from a");
      a!.end();
      await atB.until(() => atB.has("end"));
      expect(atB.text).toBe("from a");
      put(b!, "from b");
      b!.write(Buffer.from("!"));
      b!.end();
      await atA.until(() => atA.isLost);
      await atB.until(() => atB.isLost);
      expect(atA.text).toBe("from b!");
      for (const { events } of [atA, atB]) {
        expect(events.filter((event) => event === "end" || event.startsWith("lost"))).toEqual([
          "end",
          "lost",
        ]);
      }
      expect([a!.buffered, a!.taken, b!.buffered, b!.taken]).toEqual([0, 6, 0, 7]);
    });
  }

  test("of a socket are delivered as they came", async () => {
    const [socket, peer] = await socketPair();
    const chunks: unknown[] = [];
    const recorder = record(new DuplexTransport(socket));
    socket.on("data", (chunk) => chunks.push(chunk));
    peer.write("abc");
    await recorder.until(() => recorder.bytes > 0);
    expect(recorder.chunks[0]).toBe(chunks[0]);
  });

  test("of another Duplex are copied, because the receiver writes into them", async () => {
    const { stream, transport } = held();
    const recorder = record(transport);
    const kept = Buffer.from("keep me");
    stream.push(kept);
    await recorder.until(() => recorder.bytes > 0);
    expect(recorder.text).toBe("keep me");
    recorder.chunks[0]?.fill(0);
    expect(kept.toString()).toBe("keep me");
    expect(recorder.chunks[0]?.byteOffset).toBe(0);
  });

  test("read before are copied, and delivered first, not inside start", async () => {
    const [socket, peer] = await socketPair();
    const head = Buffer.from("early ");
    const transport = new DuplexTransport(socket, head);
    head.fill(0);
    peer.write("late");
    await new Promise((resolve) => peer.write("r", resolve));
    await turns(3);
    const recorder = record(transport);
    expect(recorder.events).toEqual([]);
    await recorder.until(() => recorder.bytes === 11);
    expect(recorder.text).toBe("early later");
    expect(recorder.chunks[0]?.length).toBe(6);
  });

  test("that a stream gives from inside write are delivered after it", async () => {
    const stream = new PassThrough();
    const transport = new DuplexTransport(stream);
    const recorder = record(transport);
    await turns(2);
    const seen: string[] = [];
    recorder.onEvent = (event) => seen.push(event);
    put(transport, "ping");
    transport.flush();
    seen.push("flushed");
    transport.write(Buffer.from("pong"));
    transport.flush();
    seen.push("flushed");
    await turns(2);
    expect(seen).toEqual(["flushed", "flushed", "received 4", "received 4"]);
    expect(recorder.text).toBe("pingpong");
  });

  test("wait while the receiver pauses, early ones and the end too", async () => {
    const { stream, transport } = held({}, Buffer.from("head"));
    transport.pause();
    const recorder = record(transport);
    stream.push("body");
    stream.push(null);
    await turns(5);
    expect(recorder.events).toEqual([]);
    recorder.onEvent = (event) => {
      if (event === "received 4" && recorder.bytes === 4) transport.pause();
    };
    transport.resume();
    await turns(5);
    expect(recorder.text).toBe("head");
    transport.resume();
    transport.resume();
    await recorder.until(() => recorder.has("end"));
    expect(recorder.text).toBe("headbody");
  });

  test("of a paused socket stay with the sender", async () => {
    const [socket, peer] = await socketPair();
    const transport = new DuplexTransport(socket);
    const sender = new DuplexTransport(peer);
    const recorder = record(transport);
    const atSender = record(sender);
    transport.pause();
    const size = 32 * 1024 * 1024;
    sender.write(Buffer.alloc(size, "x"));
    sender.flush();
    await turns(50);
    expect(sender.buffered).toBeGreaterThan(0);
    expect(sender.taken + sender.buffered).toBe(size);
    expect(recorder.bytes).toBeLessThan(1024 * 1024);
    transport.resume();
    await recorder.until(() => recorder.bytes === size);
    await atSender.until(() => atSender.has("drained"));
    expect([sender.buffered, sender.taken, atSender.events]).toEqual([0, size, ["drained"]]);
  });
});

describe("what is no stream of bytes", () => {
  test("is refused", () => {
    expect(() => held({ objectMode: true })).toThrow(TypeError);
    expect(() => held({ readableObjectMode: true })).toThrow(TypeError);
    expect(() => held({ writableObjectMode: true })).toThrow(TypeError);
    expect(() => held({ encoding: "utf8" })).toThrow("encoding was set to utf8");
  });

  test("ends the transport when it turns out late", async () => {
    const { stream, transport } = held();
    const recorder = record(transport);
    stream.setEncoding("utf8");
    stream.push("text");
    await recorder.until(() => recorder.isLost);
    expect(recorder.error).toBeInstanceOf(TypeError);
    expect(recorder.events).toEqual(["lost TypeError"]);
  });
});

describe("half-open", () => {
  for (const allowHalfOpen of [true, false]) {
    test(`what waits is sent behind the peer's end (allowHalfOpen: ${allowHalfOpen})`, async () => {
      const [socket, peer] = await socketPair(allowHalfOpen);
      const transport = new DuplexTransport(socket);
      const recorder = record(transport);
      const size = 16 * 1024 * 1024;
      transport.write(Buffer.alloc(size, "x"));
      transport.flush();
      peer.allowHalfOpen = true;
      peer.end();
      await recorder.until(() => recorder.has("end"));
      expect(transport.buffered).toBeGreaterThan(0);
      put(transport, "last words");
      transport.end();
      let [bytes, tail] = [0, ""];
      for await (const chunk of peer) {
        bytes += chunk.length;
        tail = (tail + chunk.toString("latin1", Math.max(0, chunk.length - 10))).slice(-10);
      }
      expect([bytes, tail]).toEqual([size + 10, "last words"]);
      await recorder.until(() => recorder.isLost);
      expect(recorder.events).toEqual(["end", "drained", "lost"]);
    });
  }

  test("a stream of somebody's that ends itself does so only when told", async () => {
    const { stream, transport } = held({ allowHalfOpen: false });
    const recorder = record(transport);
    stream.push(null);
    await recorder.until(() => recorder.has("end"));
    await turns(5);
    expect(stream.writableEnded).toBe(false);
    transport.end();
    await recorder.until(() => recorder.isLost);
    expect(recorder.events).toEqual(["end", "lost"]);
  });

  test("a receiver that paused hears of the end before a clean loss", async () => {
    const { stream, transport } = held();
    const recorder = record(transport);
    await turns(1);
    transport.pause();
    transport.end();
    stream.push(null);
    stream.read(0);
    await recorder.until(() => recorder.isLost);
    expect(recorder.events).toEqual(["end", "lost"]);
  });
});

describe("the loss", () => {
  test("by destroy comes once, without error, and not inside", async () => {
    for (const stream of [new Held(), (await socketPair())[0], (await tlsPair())[0]]) {
      const transport = new DuplexTransport(stream);
      const recorder = record(transport);
      put(transport, "never sent");
      transport.destroy();
      transport.destroy();
      expect(recorder.events).toEqual([]);
      await recorder.until(() => recorder.isLost);
      await turns(5);
      expect(recorder.events).toEqual(["lost"]);
      expect([transport.buffered, transport.taken]).toEqual([10, 0]);
      for (const call of ["flush", "end", "pause", "resume", "destroy"] as const) transport[call]();
      put(transport, "x");
      await turns(3);
      expect(recorder.events).toEqual(["lost"]);
    }
  });

  for (const options of [
    { emitClose: false },
    { autoDestroy: false },
    { emitClose: false, autoDestroy: false },
  ]) {
    const name = JSON.stringify(options);

    test(`comes when both halves have ended ${name}`, async () => {
      const { stream, transport } = held(options);
      const recorder = record(transport);
      transport.end();
      stream.push(null);
      await recorder.until(() => recorder.isLost);
      expect(recorder.events).toEqual(["end", "lost"]);
      expect(stream.destroyed).toBe(true);
    });

    test(`comes after destroy ${name}`, async () => {
      const { transport } = held(options);
      const recorder = record(transport);
      transport.destroy();
      await recorder.until(() => recorder.isLost);
      expect(recorder.events).toEqual(["lost"]);
    });

    test(`comes after an error ${name}`, async () => {
      const { stream, transport } = held(options);
      const recorder = record(transport);
      stream.emit("error", new RangeError("of its own"));
      await recorder.until(() => recorder.isLost);
      expect(recorder.events).toEqual(["lost RangeError"]);
    });
  }

  test("of a stream destroyed without a word is found by the next write", async () => {
    const { stream, transport } = held({ emitClose: false });
    const recorder = record(transport);
    const write = stream.write.bind(stream);
    // The stream goes between the look at `writable` and the write.
    stream.write = ((chunk: Buffer, done: () => void) => {
      stream.destroy();
      return write(chunk, done);
    }) as never;
    put(transport, "x");
    await recorder.until(() => recorder.isLost);
    expect(recorder.events).toEqual(["lost"]);
  });

  test("comes even if the writable half never finishes, and _destroy never calls back", async () => {
    const { stream, transport } = held();
    stream.finishes = false;
    stream._destroy = () => {};
    const recorder = record(transport);
    transport.end();
    stream.push(null);
    await recorder.until(() => recorder.has("end"));
    await turns(5);
    expect(recorder.isLost).toBe(false);
    transport.destroy();
    await recorder.until(() => recorder.isLost);
  });

  for (const destroy of ["throws", "does nothing"]) {
    test(`comes though destroy ${destroy}`, async () => {
      const broken = () => {
        // Else Node itself calls `destroy`, and throws.
        const { stream, transport } = held({ autoDestroy: false });
        stream.destroy = () => {
          if (destroy === "throws") throw new Error("thrown by destroy");
          return stream;
        };
        return { stream, transport, recorder: record(transport) };
      };
      const writes = broken();
      writes.stream._write = () => {
        throw new RangeError("thrown by _write");
      };
      put(writes.transport, "x");
      await writes.recorder.until(() => writes.recorder.isLost);
      expect(writes.recorder.events).toEqual(["lost RangeError"]);

      const dropped = broken();
      dropped.transport.destroy();
      await dropped.recorder.until(() => dropped.recorder.isLost);
      expect(dropped.recorder.events).toEqual(["lost"]);

      const ended = broken();
      ended.stream.push(null);
      ended.transport.end();
      await ended.recorder.until(() => ended.recorder.isLost);
      expect(ended.recorder.events).toEqual(["end", "lost"]);

      const odd = broken();
      odd.stream.emit("data", "text");
      await odd.recorder.until(() => odd.recorder.isLost);
      expect(odd.recorder.events).toEqual(["lost TypeError"]);

      const [socket] = await socketPair();
      const transport = new DuplexTransport(socket);
      const recorder = record(transport);
      const original = socket.destroy.bind(socket);
      socket.destroy = () => {
        if (destroy === "throws") throw new Error("thrown by destroy");
        return socket;
      };
      transport.destroy();
      await recorder.until(() => recorder.isLost);
      expect(recorder.events).toEqual(["lost"]);
      socket.destroy = original;
    });
  }

  test("of a stream that was over before follows the start", async () => {
    const [socket] = await socketPair();
    const destroyed = new Held();
    const failed = new Held();
    failed.on("error", () => {});
    const ended = new Held();
    ended.push(null);
    ended.resume();
    ended.end();
    for (const stream of [socket, destroyed]) stream.destroy();
    failed.destroy(new RangeError("before"));
    await turns(5);
    const events: string[] = [];
    for (const stream of [socket, destroyed, failed, ended]) {
      const transport = new DuplexTransport(stream);
      await turns(2);
      put(transport, "x");
      const recorder = record(transport);
      expect(recorder.events).toEqual([]);
      await recorder.until(() => recorder.isLost);
      events.push(recorder.events.join());
    }
    expect(events).toEqual(["lost", "lost", "lost RangeError", "end,lost"]);
  });

  test("of a stream whose peer ended before follows our end", async () => {
    const stream = new Held();
    stream.push(null);
    stream.resume();
    await turns(2);
    const transport = new DuplexTransport(stream);
    const recorder = record(transport);
    await recorder.until(() => recorder.has("end"));
    put(transport, "answer");
    transport.end();
    await recorder.until(() => recorder.isLost);
    expect(String(stream.written)).toBe("answer");
    expect(recorder.events).toEqual(["end", "lost"]);
  });

  test("between construction and start is told after the start", async () => {
    const [socket, peer] = await socketPair();
    const transport = new DuplexTransport(socket);
    peer.resetAndDestroy();
    await turns(20);
    const recorder = record(transport);
    await recorder.until(() => recorder.isLost);
    expect(recorder.isLost).toBe(true);
  });
});

describe("errors", () => {
  test("ECONNRESET ends in lost, whatever is under way", async () => {
    const [socket, peer] = await socketPair();
    const transport = new DuplexTransport(socket);
    const recorder = record(transport);
    transport.write(Buffer.alloc(32 * 1024 * 1024));
    transport.flush();
    peer.resetAndDestroy();
    await recorder.until(() => recorder.isLost);
    expect(recorder.events.at(-1)).toMatch(/^lost (ECONNRESET|EPIPE)$/);
    expect(transport.buffered + transport.taken).toBe(32 * 1024 * 1024);
  });

  test("writing to a peer that is gone ends in lost", async () => {
    const [socket, peer] = await socketPair();
    const transport = new DuplexTransport(socket);
    const recorder = record(transport);
    peer.destroy();
    await recorder.until(() => recorder.has("end"));
    while (!recorder.isLost) {
      put(transport, "are you there?");
      transport.flush();
      await turns(1);
    }
    expect(recorder.events.at(-1)).toMatch(/^lost (ECONNRESET|EPIPE)$/);
  });

  test("after the loss are heard still, and told to nobody", async () => {
    const { stream, transport } = held();
    const recorder = record(transport);
    transport.destroy();
    await recorder.until(() => recorder.isLost);
    stream.emit("error", new Error("late"));
    stream.emit("error", "not even an error");
    stream.emit("close");
    await turns(3);
    expect(recorder.events).toEqual(["lost"]);
  });

  test("that are no errors become one", async () => {
    const { stream, transport } = held({ autoDestroy: false });
    const recorder = record(transport);
    stream.emit("error", "a string");
    await recorder.until(() => recorder.isLost);
    expect(recorder.error).toBeInstanceOf(Error);
    expect(recorder.error?.cause).toBe("a string");
  });

  test("a failed connection attempt is a loss", async () => {
    const [socket] = await socketPair();
    const { connect } = await import("node:net");
    const port = socket.localPort ?? 0;
    const refused = connect({ port: port === 1 ? 2 : 1, host: "127.0.0.1" });
    const transport = new DuplexTransport(refused);
    put(transport, "hello");
    const recorder = record(transport);
    await recorder.until(() => recorder.isLost);
    expect(recorder.events).toEqual(["lost ECONNREFUSED"]);
  });
});

describe("letting go", () => {
  test("gives the stream back with nothing lost and no listener left", async () => {
    const [socket, peer] = await socketPair();
    const names = ["data", "end", "error", "close", "finish"] as const;
    const before = names.map((name) => socket.listenerCount(name));
    const transport = new DuplexTransport(socket, Buffer.from("early "));
    put(transport, "flushed");
    expect(transport.detach()).toBe(socket);
    expect(names.map((name) => socket.listenerCount(name))).toEqual(before);
    expect(socket.allowHalfOpen).toBe(false);
    peer.write("late");
    peer.end();
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toBe("early late");
    expect(String(peer.read())).toBe("flushed");
    expect(() => transport.detach()).toThrow("detached");
    expect(() => record(transport)).toThrow("detached");
  });

  test("works in the midst of reading; the receiver hears nothing more", async () => {
    const [socket, peer] = await socketPair();
    const transport = new DuplexTransport(socket);
    const recorder = new Recorder();
    recorder.onEvent = () => transport.detach();
    transport.start(recorder);
    peer.write("GET");
    await recorder.until(() => recorder.bytes > 0);
    expect(socket.isPaused()).toBe(true);
    socket.unshift(recorder.chunks[0]);
    peer.end(" /");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toBe("GET /");
    expect(recorder.events).toEqual(["received 3"]);
  });

  test("is refused when there is nothing to let go", async () => {
    const { transport } = held();
    transport.destroy();
    expect(() => transport.detach()).toThrow("dropped");
  });
});

test("an address is told where there is one", async () => {
  const [socket] = await socketPair();
  expect(new DuplexTransport(socket).remoteAddress).toBe("127.0.0.1");
  expect(held().transport.remoteAddress).toBeUndefined();
});

test("a second start hands over, a past end and a past loss too", async () => {
  const { stream, transport } = held();
  const first = record(transport);
  stream.push("first");
  await first.until(() => first.bytes === 5);
  const second = record(transport);
  stream.push("second");
  stream.push(null);
  await second.until(() => second.has("end"));
  const third = record(transport);
  await third.until(() => third.has("end"));
  transport.end();
  await third.until(() => third.isLost);
  const fourth = record(transport);
  await fourth.until(() => fourth.isLost);
  const heard = [first, second, third, fourth].map((recorder) => recorder.events);
  expect(heard).toEqual([["received 5"], ["received 6", "end"], ["end", "lost"], ["lost"]]);
});
