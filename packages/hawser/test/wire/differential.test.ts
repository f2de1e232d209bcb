// The fast receiver against a plain one, on generated streams, lawful and spoilt, cut at random: the same messages in the
// same order, the same pings and pongs, the same verdict.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import type { Role } from "../../src/wire/wire.ts";
import { comparable } from "../support/expectations.ts";
import { buildFrame } from "../support/frames.ts";
import { receivePlainly } from "../support/plain-receiver.ts";
import { Random } from "../support/random.ts";
import { Session } from "../support/session.ts";
import { cutAt } from "../support/splits.ts";

const MAX_MESSAGE = 5000;

/** Streams of one role, from one seed. */
class StreamMaker {
  readonly #random: Random;
  readonly #role: Role;

  constructor(role: Role, random: Random) {
    this.#role = role;
    this.#random = random;
  }

  /** A lawful stream of some messages, with control frames everywhere, perhaps closed at the end. */
  lawful(): Buffer[] {
    const frames: Buffer[] = [];
    for (let count = this.#random.below(5); count >= 0; count -= 1) frames.push(...this.#message());
    if (this.#random.oneIn(3)) frames.push(this.#close());
    return frames;
  }

  /** A stream with something wrong in it, most likely. */
  spoilt(): Buffer {
    const random = this.#random;
    const frames = this.lawful();
    const at = random.below(frames.length);
    const change = random.below(6);
    if (change === 0) frames.splice(at, 1);
    else if (change === 1) frames.splice(at, 0, frames[random.below(frames.length)]!);
    else if (change === 2) frames.splice(at, 0, this.#anyFrame());
    const stream = Buffer.concat(frames);
    if (stream.length === 0) return stream;
    if (change === 3) stream[this.#place(frames)]! ^= 1 << random.below(8);
    else if (change === 4) stream[random.below(stream.length)] = random.below(256);
    else if (change === 5) return stream.subarray(0, random.below(stream.length) + 1);
    return stream;
  }

  /** Somewhere in the first four bytes of some frame. */
  #place(frames: readonly Buffer[]): number {
    const frame = this.#random.below(frames.length);
    const start = frames.slice(0, frame).reduce((sum, { length }) => sum + length, 0);
    return start + this.#random.below(Math.min(4, frames[frame]!.length));
  }

  #message(): Buffer[] {
    const random = this.#random;
    const opcode = 1 + random.below(2);
    const payload = opcode === 1 ? Buffer.from(this.#text()) : Buffer.from(random.bytes(this.#size()));
    const fragments = random.oneIn(2) ? 1 : 1 + random.below(5);
    const cuts = Array.from({ length: fragments - 1 }, () => random.below(payload.length + 1));
    const parts = cutAt(
      payload,
      cuts.sort((one, other) => one - other),
    );
    const frames: Buffer[] = [];
    for (const [index, part] of parts.entries()) {
      while (random.oneIn(3)) frames.push(this.#frame(9 + random.below(2), random.bytes(random.below(20))));
      frames.push(this.#frame(index === 0 ? opcode : 0, part, index === parts.length - 1));
    }
    return frames;
  }

  #size(): number {
    return this.#random.pick([0, 1, 2, 5, 30, 125, 126, 127, 300]);
  }

  #text(): string {
    const characters = ["a", "z", "\0", "é", "水", "\ufeff", "😀", "\u{10ffff}"];
    const ascii = this.#random.oneIn(2);
    return Array.from({ length: this.#size() }, () => (ascii ? "a" : this.#random.pick(characters))).join("");
  }

  #close(): Buffer {
    const random = this.#random;
    if (random.oneIn(4)) return this.#frame(8, Buffer.alloc(0));
    const code = random.pick([1000, 1001, 1005, 1011, 1014, 2999, 3000, 4999, 5000]);
    const reason = random.pick(["", "bye", "水"]);
    return this.#frame(8, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
  }

  /** Any opcode, any form of the length, any announcement. */
  #anyFrame(): Buffer {
    const random = this.#random;
    return buildFrame({
      opcode: random.below(16),
      fin: random.oneIn(2),
      payload: random.bytes(random.below(8)),
      form: random.pick([undefined, 16, 64]),
      length: random.pick([undefined, undefined, 5000, 5001, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n]),
      mask: this.#mask(),
    });
  }

  #frame(opcode: number, payload: Uint8Array, fin = true): Buffer {
    return buildFrame({ opcode, payload, fin, mask: this.#mask() });
  }

  #mask(): Uint8Array | undefined {
    return this.#role === "server" ? this.#random.bytes(4) : undefined;
  }
}

/** What the machine makes of a stream that is cut at random. */
function receiveFast(stream: Buffer, random: Random, role: Role, accepts: "text" | "binary" | undefined) {
  const places = Array.from({ length: random.below(6) }, () => random.below(stream.length + 1));
  const chunks = random.oneIn(8)
    ? [...stream].map((byte) => Buffer.of(byte))
    : cutAt(
        stream,
        places.sort((one, other) => one - other),
      );
  const session = new Session({ role, accepts, limits: { message: MAX_MESSAGE } });
  // Now and then the sink has enough for a while.
  session.sink.onMessage = () => !random.oneIn(4);
  for (const chunk of chunks) {
    session.receive(chunk);
    while (session.wire.held && random.oneIn(2)) session.resume();
  }
  while (session.wire.held) session.resume();
  const open = session.wire.phase === "open";
  session.end();
  return {
    messages: session.messages.map(comparable),
    pings: session.sink.of("ping").map(({ payload }) => Buffer.from(payload)),
    pongs: session.sink.of("pong").map(({ payload }) => Buffer.from(payload)),
    code: open ? undefined : session.sink.of("closed")[0]?.end.code,
  };
}

function compare(stream: Buffer, random: Random, role: Role): number | undefined {
  const accepts = random.oneIn(6) ? random.pick(["text", "binary"] as const) : undefined;
  const plain = receivePlainly(stream, { role, maxMessage: MAX_MESSAGE, accepts });
  const expected = { ...plain, messages: plain.messages.map(comparable) };
  expect(receiveFast(stream, random, role, accepts), stream.toString("hex")).toEqual(expected);
  return plain.code;
}

describe.each(["server", "client"] as const)("as a %s", (role) => {
  test("lawful streams", () => {
    const random = new Random(role === "server" ? 1 : 2);
    const maker = new StreamMaker(role, random);
    for (let round = 0; round < 400; round += 1) compare(Buffer.concat(maker.lawful()), random, role);
  });

  test("spoilt streams, with every verdict among them", () => {
    const random = new Random(role === "server" ? 3 : 4);
    const maker = new StreamMaker(role, random);
    const verdicts = new Set<number | undefined>();
    for (let round = 0; round < 1500; round += 1) verdicts.add(compare(maker.spoilt(), random, role));
    for (const code of [undefined, 1000, 1002, 1003, 1005, 1007, 1009]) expect(verdicts).toContain(code);
  });

  test("every beginning of a stream is judged like the plain receiver does", () => {
    const random = new Random(role === "server" ? 5 : 6);
    const maker = new StreamMaker(role, random);
    for (let round = 0; round < 6; round += 1) {
      const stream = maker.spoilt().subarray(0, 400);
      for (let size = 0; size <= stream.length; size += 1) compare(stream.subarray(0, size), random, role);
    }
  });
});
