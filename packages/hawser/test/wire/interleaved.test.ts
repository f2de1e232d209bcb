// Connections that read at the same time, also from inside each other's handlers: each hears what it would hear alone.
//
// Decoders and assemblers are lent from one connection to the next, so this is where one could see what is another's.
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import type { Kind, Role } from "../../src/wire/wire.ts";
import { framesFor } from "../support/frames.ts";
import { PlainCodec, pack } from "../support/plain-codec.ts";
import { Random } from "../support/random.ts";
import { Session } from "../support/session.ts";
import { cutAt } from "../support/splits.ts";

const SIZES = [0, 1, 5, 125, 126, 300, 2047, 2048, 3000];

/** A connection: how it is set, what its peer sends, and what it does at its messages. */
interface Script {
  readonly role: Role;
  readonly message: number;
  readonly accepts: Kind | undefined;
  readonly compressed: boolean;
  readonly chunks: readonly Buffer[];
  readonly seed: number;
}

function script(random: Random): Script {
  const role = random.pick(["server", "client"] as const);
  const compressed = random.oneIn(3);
  const frames = Array.from({ length: 12 }, () => message(random, role, compressed)).flat();
  const stream = Buffer.concat(frames);
  // Most streams are lawful to their end; some have one bit wrong.
  if (random.oneIn(4)) stream[random.below(stream.length)]! ^= 1 << random.below(8);
  const places = Array.from({ length: random.below(10) }, () => random.below(stream.length));
  // Between two frames of one message too.
  let end = 0;
  for (const frame of frames) {
    end += frame.length;
    if (random.oneIn(2)) places.push(end);
  }
  return {
    role,
    message: random.pick([126, 2047, 5000, 5000, 5000]),
    accepts: random.pick([undefined, undefined, "text", "binary"]),
    compressed,
    chunks: cutAt(
      stream,
      places.sort((one, other) => one - other),
    ),
    seed: random.next(),
  };
}

function message(random: Random, role: Role, compressed: boolean): Buffer[] {
  const peer = framesFor(role);
  const mask = role === "server" ? Buffer.from(random.bytes(4)) : undefined;
  const text = random.oneIn(2);
  const size = random.pick(SIZES);
  const payload = text && random.oneIn(2) ? Buffer.from("é".repeat(size / 2)) : Buffer.alloc(size, "a");
  const make = text ? peer.text : peer.binary;
  if (compressed && random.oneIn(3)) return [make(pack(payload), { mask, rsv: 0x40 })];
  if (random.oneIn(2)) return [make(payload, { mask })];
  const cut = random.below(payload.length + 1);
  const first = make(payload.subarray(0, cut), { mask, fin: false });
  return [first, peer.ping("p", { mask }), peer.last(payload.subarray(cut), { mask })];
}

/** A script under way. */
class Running {
  readonly session: Session;
  /** Called at every message. */
  meanwhile: () => void = () => {};
  readonly #chunks: Buffer[];
  readonly #random: Random;

  constructor({ role, message, accepts, compressed, chunks, seed }: Script) {
    const codec = compressed ? new PlainCodec() : undefined;
    this.session = new Session({ role, limits: { message }, accepts, codec });
    this.#chunks = [...chunks];
    this.#random = new Random(seed);
    this.session.sink.onMessage = () => this.#react();
    this.session.sink.onFragment = () => this.#react();
  }

  /** The next chunk. Returns whether there was one. */
  step(): boolean {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return false;
    this.session.receive(chunk).resume();
    return true;
  }

  finish(): unknown {
    while (this.step());
    for (let count = 0; this.session.wire.held && count < 100; count += 1) this.session.resume();
    this.session.end();
    return this.session.sink.events;
  }

  #react(): boolean {
    const { wire } = this.session;
    const change = this.#random.below(30);
    if (change === 0) wire.streaming = !wire.streaming;
    if (change === 1) wire.sendText("between");
    if (change === 2 && this.#random.oneIn(4)) this.session.close(1000);
    const goOn = !this.#random.oneIn(6);
    this.meanwhile();
    return goOn;
  }
}

test("each hears what it would hear alone", () => {
  for (let seed = 1; seed <= 120; seed += 1) {
    const random = new Random(seed);
    const scripts = Array.from({ length: 4 }, () => script(random));
    const alone = scripts.map((each) => new Running(each).finish());
    const together = scripts.map((each) => new Running(each));
    for (const each of together) {
      each.meanwhile = () => {
        if (random.oneIn(4)) random.pick(together).step();
      };
    }
    for (let steps = 0; steps < 100; steps += 1) random.pick(together).step();
    for (const each of together) each.meanwhile = () => {};
    for (const [index, each] of together.entries()) {
      expect(each.finish(), `seed ${seed}, connection ${index}`).toEqual(alone[index]);
    }
  }
});
