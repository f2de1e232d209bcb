// What the tests of connections share: pairs that are looked after, turns of the loop, and a peer that sends bytes as it likes.
import { Buffer } from "node:buffer";
import { setImmediate as turn } from "node:timers/promises";
import { testPair } from "hawser";
import { Opcode, type Role } from "hawser/wire";
import { afterEach, expect } from "vitest";
import type { AnyConnection, Message } from "../../src/connection/connection.ts";
import { Connection } from "../../src/connection/connection.ts";
import { examine, printAcceptance } from "../../src/handshake/answer.ts";
import { UpgradeRequest } from "../../src/handshake/upgrade-request.ts";
import type { FaultScript } from "../../src/transport/fault-script.ts";
import { ManualClock } from "../../src/transport/manual-clock.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import type { Receiver, Transport } from "../../src/transport/transport.ts";
import { type Limits, resolveLimits, resolveTimeouts, type Timeouts } from "../../src/wire/limits.ts";
import { request } from "../handshake/support.ts";
import { type ReadFrame, readFrames } from "../support/frames.ts";

/** Lets so many turns of the loop pass: a chunk takes one. */
export async function turns(count = 12): Promise<void> {
  for (let passed = 0; passed < count; passed += 1) await turn();
}

/** What a promise has come to, without waiting for it. */
export async function stateOf(promise: Promise<unknown>): Promise<"pending" | "resolved" | "rejected"> {
  const pending = Symbol("pending");
  try {
    return (await Promise.race([promise, Promise.resolve(pending)])) === pending ? "pending" : "resolved";
  } catch {
    return "rejected";
  }
}

interface Ends {
  readonly ends: readonly AnyConnection[];
  readonly clock: ManualClock;
  readonly ways: readonly FaultScript[];
}

const made: Ends[] = [];

// Nothing of a connection outlives it: no timer above all.
afterEach(async () => {
  for (const { ends, clock, ways } of made.splice(0)) {
    for (const end of ends) void end.terminate();
    for (const way of ways) way.unstall();
    await turns(4);
    // Bytes that are still on their way, to nobody.
    if (ways.some((way) => way.delay > 0)) clock.advance(1000);
    await turns(4);
    expect(ends.map((end) => end.phase)).toEqual(ends.map(() => "closed"));
    expect(clock.pending).toBe(0);
  }
});

/** As `testPair`; when the test is over, both ends must have ended without a trace. */
export const pairOf: typeof testPair = (options) => {
  const pair = testPair(options);
  const { server, client, clock, toServer, toClient } = pair;
  made.push({ ends: [server, client], clock, ways: [toServer, toClient] });
  return pair;
};

/** How the endpoint under test runs. */
export interface EndpointOptions {
  readonly role?: Role;
  readonly accepts?: "text" | "binary";
  readonly coupled?: boolean;
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  readonly onEnded?: (connection: AnyConnection) => void;
}

/** A peer that knows no rules: it sends the bytes it is told to, and keeps what comes. */
export class RawPeer implements Receiver {
  readonly transport: Transport;
  readonly chunks: Buffer[] = [];
  ended = false;
  gone = false;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.start(this);
  }

  /** The frames that came. */
  get frames(): ReadFrame[] {
    return readFrames(Buffer.concat(this.chunks));
  }

  /** The text messages that came, each in one frame. */
  get texts(): string[] {
    return this.frames.filter((frame) => frame.opcode === Opcode.text).map((frame) => String(frame.payload));
  }

  /** Codes of the close frames that came. */
  get closes(): number[] {
    return this.frames
      .filter((frame) => frame.opcode === Opcode.close)
      .map((frame) => (frame.payload.length === 0 ? 1005 : frame.payload.readUInt16BE(0)));
  }

  /** Sends bytes, and waits until they have had their effect. */
  async send(...frames: readonly Uint8Array[]): Promise<void> {
    for (const frame of frames) this.transport.write(frame);
    await turns();
  }

  received(chunk: Buffer): void {
    this.chunks.push(chunk);
  }

  receivedEnd(): void {
    this.ended = true;
  }

  drained(): void {}

  lost(): void {
    this.gone = true;
  }
}

/** One connection, with a raw peer at the other end. */
export function endpoint(options: EndpointOptions = {}): {
  readonly ws: Connection<Message, undefined>;
  readonly peer: RawPeer;
  readonly clock: ManualClock;
  /** On the way to the peer, and from it. */
  readonly out: FaultScript;
  readonly back: FaultScript;
} {
  const { role = "server" } = options;
  const clock = new ManualClock();
  const { client, server, toServer, toClient } = memoryPair({ clock });
  const opening = examine(request());
  const ws = new Connection<Message, undefined>({
    role,
    transport: role === "server" ? server : client,
    clock,
    limits: resolveLimits(options.limits),
    timeouts: resolveTimeouts(options.timeouts),
    accepts: options.accepts,
    coupled: options.coupled ?? true,
    request: new UpgradeRequest(opening, { remoteAddress: undefined, secure: false, host: "a" }, {}),
    response: printAcceptance(opening, {}).head,
    subprotocol: "",
    state: undefined,
    onEnded: options.onEnded,
  });
  const peer = new RawPeer(role === "server" ? client : server);
  const [out, back] = role === "server" ? [toClient, toServer] : [toServer, toClient];
  made.push({ ends: [ws], clock, ways: [toServer, toClient] });
  return { ws, peer, clock, out, back };
}

/** Takes what comes until the connection ends. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const taken: Item[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

/** A promise, and what settles it. */
export function deferred<Value = void>(): {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
} {
  let settle: { resolve: (value: Value) => void; reject: (reason: unknown) => void } | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, resolve: (value) => settle?.resolve(value), reject: (reason) => settle?.reject(reason) };
}
