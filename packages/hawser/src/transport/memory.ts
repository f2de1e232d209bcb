// A connected pair of Transports in memory, for tests: byte-exact, in order, with faults that a test scripts.
import { Buffer } from "node:buffer";
import type { SharedBytes } from "../wire/encoded.ts";
import type { Slab } from "../wire/wire.ts";
import type { Clock } from "./clock.ts";
import type { FaultScript, Faults } from "./fault-script.ts";
import type { Flushable } from "./flush-list.ts";
import { flushThisTurn } from "./flush-list.ts";
import type { PipeReceiver, PipeSender } from "./memory-pipe.ts";
import { MemoryPipe } from "./memory-pipe.ts";
import { PartQueue } from "./part-queue.ts";
import { systemClock } from "./system-clock.ts";
import type { Receiver, Transport } from "./transport.ts";

/** The least that a slab has. A test may hold many pairs. */
const slabSize = 8 * 1024;

/** How a pair in memory starts. */
export interface MemoryPairOptions {
  /** Measures `delay`. The system's clock, unless a test gives its own. */
  clock?: Clock | undefined;
  /** Faults on the way from the client to the server. */
  toServer?: Partial<Faults> | undefined;
  /** Faults on the way from the server to the client. */
  toClient?: Partial<Faults> | undefined;
}

/** Two transports with a pipe each way between them. */
export interface MemoryPair {
  readonly client: Transport;
  readonly server: Transport;
  readonly toServer: FaultScript;
  readonly toClient: FaultScript;
}

/**
 * Connects two transports in memory.
 *
 * Without faults bytes arrive by themselves, in order, one flush as one chunk, each chunk in a turn of the loop of its own
 * and never inside a call to either transport. A receiver that pauses fills the pipe, and then its peer's `buffered`.
 * An end that was destroyed is an end (FIN) to the other, and a reset once the other sends to it.
 */
export function memoryPair(options: MemoryPairOptions = {}): MemoryPair {
  const clock = options.clock ?? systemClock;
  const toServer = new MemoryPipe(clock, options.toServer);
  const toClient = new MemoryPipe(clock, options.toClient);
  const client = new MemoryTransport(clock, toServer, toClient);
  const server = new MemoryTransport(clock, toClient, toServer);
  toServer.connect(client, server);
  toClient.connect(server, client);
  return { client, server, toServer, toClient };
}

/** One end of a pair. */
class MemoryTransport implements Transport, Flushable, PipeSender, PipeReceiver {
  readonly lends = false;
  readonly remoteAddress: undefined = undefined;
  readonly remotePort: undefined = undefined;
  readonly #clock: Clock;
  readonly #out: MemoryPipe;
  readonly #in: MemoryPipe;
  readonly #queue: PartQueue = new PartQueue();
  #slab: Slab | undefined;
  #receiver: Receiver | undefined;
  #taken = 0;
  #listed = false;
  #waited = false;
  #paused = false;
  #ourEnd: "open" | "asked" | "sent" = "open";
  #peerEnd: "ahead" | "seen" | "told" = "ahead";
  #state: "connected" | "gone" | "lost" = "connected";
  #error: Error | undefined;

  constructor(clock: Clock, out: MemoryPipe, into: MemoryPipe) {
    this.#clock = clock;
    this.#out = out;
    this.#in = into;
  }

  get buffered(): number {
    return this.#queue.bytes + (this.#slab?.used ?? 0);
  }

  get taken(): number {
    return this.#taken;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#state !== "connected") {
      this.#loseSoon();
      return;
    }
    if (this.#peerEnd === "told") this.#peerEnd = "seen";
    this.#listenSoon();
  }

  reserve(size: number): Slab {
    this.#list();
    let slab = this.#slab;
    if (slab === undefined || slab.used + size > slab.bytes.length) {
      this.#closeSlab();
      slab = { bytes: Buffer.allocUnsafeSlow(Math.max(size, slabSize)), used: 0 };
      this.#slab = slab;
    }
    return slab;
  }

  write(bytes: Uint8Array): void {
    this.#list();
    this.#closeSlab();
    if (bytes.length > 0) this.#queue.push(bytes);
  }

  writeShared({ memory, start, end }: SharedBytes): void {
    this.write(memory.subarray(start, end));
  }

  flush(): void {
    this.#closeSlab();
    if (this.#state !== "connected" || this.#ourEnd === "sent") return;
    const parts: Uint8Array[] = [];
    for (let room = this.#out.room; room > 0; ) {
      const part = this.#queue.shift(room, 0);
      if (part === undefined) break;
      parts.push(part);
      room -= part.length;
    }
    if (parts.length > 0) this.#send(Buffer.concat(parts));
    if (!this.#queue.isEmpty) this.#waited = true;
    else if (this.#ourEnd === "asked") this.#sendEnd();
  }

  flushListed(): void {
    this.#listed = false;
    this.flush();
  }

  end(): void {
    if (this.#ourEnd !== "open") return;
    this.#ourEnd = "asked";
    this.flush();
  }

  destroy(): void {
    if (this.#state !== "connected") return;
    this.#out.takeEnd();
    this.#in.wake();
    this.#goneFor(undefined);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#listenSoon();
  }

  /** For the pipe. */
  get listening(): "yes" | "no" | "never again" {
    if (this.#state !== "connected") return "never again";
    return this.#receiver !== undefined && !this.#paused ? "yes" : "no";
  }

  /** For the pipe. */
  deliver(chunk: Buffer): void {
    this.#receiver?.received(chunk);
  }

  /** For the pipe. */
  deliverEnd(): void {
    this.#peerEnd = "seen";
    this.#tellEnd();
  }

  /** For the pipe. */
  room(): void {
    if (this.#state !== "connected") return;
    if (!this.#queue.isEmpty) this.flush();
    if (!this.#waited) return;
    if (this.buffered > 0) {
      this.#receiver?.progressed?.();
      return;
    }
    this.#waited = false;
    this.#receiver?.drained();
  }

  /** For the pipe. */
  reset(): void {
    if (this.#state !== "connected") return;
    this.#out.close();
    this.#in.close();
    this.#goneFor(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" }));
  }

  #list(): void {
    if (this.#listed) return;
    this.#listed = true;
    flushThisTurn(this);
  }

  #closeSlab(): void {
    const slab = this.#slab;
    if (slab === undefined || slab.used === 0) return;
    this.#queue.push(Buffer.from(slab.bytes.subarray(0, slab.used)));
    slab.used = 0;
  }

  #send(bytes: Buffer): void {
    this.#taken += bytes.length;
    this.#out.take(bytes);
  }

  #sendEnd(): void {
    this.#ourEnd = "sent";
    this.#out.takeEnd();
    this.#goneIfOver();
  }

  #listenSoon(): void {
    this.#in.wake();
    if (this.#peerEnd === "seen") this.#clock.soon(() => this.#tellEnd());
  }

  #tellEnd(): void {
    if (this.listening !== "yes" || this.#peerEnd !== "seen") return;
    this.#peerEnd = "told";
    this.#receiver?.receivedEnd();
    this.#goneIfOver();
  }

  #goneIfOver(): void {
    if (this.#peerEnd === "told" && this.#ourEnd === "sent" && this.#state === "connected")
      this.#goneFor(undefined);
  }

  #goneFor(error: Error | undefined): void {
    this.#state = "gone";
    this.#error = error;
    this.#loseSoon();
  }

  #loseSoon(): void {
    this.#clock.soon(() => {
      const receiver = this.#receiver;
      if (receiver === undefined) return;
      this.#state = "lost";
      this.#receiver = undefined;
      receiver.lost(this.#error);
    });
  }
}
