// One direction of a connection in memory: what was sent and has not arrived, and the faults that happen to it on the way.
import { Buffer } from "node:buffer";
import type { Clock } from "./clock.ts";
import { Timer } from "./clock.ts";
import type { FaultScript, Faults, Split } from "./fault-script.ts";

const defaultCapacity = 64 * 1024;
/** What one read of a socket of Node gives at most. */
const largestChunk = 64 * 1024;

/** Who puts bytes in. */
export interface PipeSender {
  /** There may be room again. */
  room(): void;
  reset(): void;
}

/** Who gets them. */
export interface PipeReceiver {
  readonly listening: "yes" | "no" | "never again";
  deliver(chunk: Buffer): void;
  deliverEnd(): void;
  reset(): void;
}

interface Segment {
  bytes: Buffer;
  readonly due: number;
}

/** One direction. It calls its ends only in turns of their own: `Clock.soon`, or after a delay. */
export class MemoryPipe extends Timer implements FaultScript {
  split: Split | undefined;
  delay: number;
  readonly #clock: Clock;
  readonly #run = (): void => this.#turn();
  #sender: PipeSender | undefined;
  #receiver: PipeReceiver | undefined;
  #capacity: number;
  #segments: Segment[] = [];
  #inFlight = 0;
  #delivered = 0;
  /** How many sizes of a list in `split` were used up, and of which list. */
  #sizesUsed = 0;
  #sizes: Split | undefined;
  #mode: "carries" | "swallows" | "closed" = "carries";
  #stalled = false;
  #scheduled = false;
  /** When the last of it arrives: what is sent later does not overtake. */
  #lastDue = 0;
  /** When the end arrives; undefined while there is none on its way. */
  #endDue: number | undefined;
  /** How many more bytes are carried before `#then` happens. */
  #left = Number.POSITIVE_INFINITY;
  #then: "end" | "cut" | "freeze" = "end";

  constructor(clock: Clock, faults: Partial<Faults> = {}) {
    super();
    this.#clock = clock;
    this.split = faults.split;
    this.delay = faults.delay ?? 0;
    this.#capacity = faults.capacity ?? defaultCapacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  set capacity(bytes: number) {
    this.#capacity = bytes;
    this.wake();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** How many bytes `take` takes now. */
  get room(): number {
    if (this.#stalled) return 0;
    return this.#mode === "carries" ? Math.max(0, this.#capacity - this.#inFlight) : Number.POSITIVE_INFINITY;
  }

  connect(sender: PipeSender, receiver: PipeReceiver): void {
    this.#sender = sender;
    this.#receiver = receiver;
  }

  /** Takes bytes, which are the pipe's from then on; not more than `room`. */
  take(bytes: Buffer): void {
    if (this.#mode !== "carries") return;
    const carried = bytes.subarray(0, Math.min(bytes.length, this.#left));
    if (carried.length > 0) this.#segments.push({ bytes: carried, due: this.#nextDue() });
    this.#inFlight += carried.length;
    this.#left -= carried.length;
    this.wake();
    if (this.#left === 0) this.#truncateNow();
  }

  /** Takes the sender's end. */
  takeEnd(): void {
    if (this.#mode !== "carries" || this.#endDue !== undefined) return;
    this.#endDue = this.#nextDue();
    this.wake();
  }

  /** Something has changed: looks in a later turn what can be done. */
  wake(): void {
    if (this.#scheduled || this.#mode === "closed") return;
    this.#scheduled = true;
    this.#clock.soon(this.#run);
  }

  /** The connection is no more. */
  close(): void {
    this.#mode = "closed";
    this.#vanish();
    this.#clock.cancel(this);
  }

  stall(): void {
    this.#stalled = true;
  }

  unstall(): void {
    this.#stalled = false;
    this.wake();
  }

  freeze(): void {
    if (this.#mode === "closed") return;
    this.#mode = "swallows";
    this.#vanish();
    this.wake();
  }

  end(): void {
    this.takeEnd();
    if (this.#mode === "carries") this.#mode = "swallows";
  }

  cut(): void {
    this.#sender?.reset();
    this.#receiver?.reset();
  }

  truncate(bytes: number, then: "end" | "cut" | "freeze" = "end"): void {
    this.#left = bytes;
    this.#then = then;
    if (bytes === 0) this.#truncateNow();
  }

  expired(): void {
    this.wake();
  }

  #nextDue(): number {
    this.#lastDue = Math.max(this.#lastDue, this.#clock.now() + this.delay);
    return this.#lastDue;
  }

  #vanish(): void {
    this.#segments = [];
    this.#inFlight = 0;
    this.#endDue = undefined;
  }

  #truncateNow(): void {
    this.#left = Number.POSITIVE_INFINITY;
    if (this.#then === "cut") this.cut();
    else if (this.#then === "end") this.end();
    // Not freeze(): what came before still arrives.
    else if (this.#mode === "carries") this.#mode = "swallows";
  }

  /** One chunk, or the end, per turn: as with a socket, what waits for a promise runs between one and the next. */
  #turn(): void {
    this.#scheduled = false;
    if (this.#mode === "closed") return;
    if (!this.#stalled) this.#deliverNext();
    this.#sender?.room();
  }

  #deliverNext(): void {
    const receiver = this.#receiver;
    const due = this.#segments[0]?.due ?? this.#endDue;
    if (receiver === undefined || due === undefined || receiver.listening === "no") return;
    if (due > this.#clock.now()) {
      this.#clock.schedule(this, due);
    } else if (this.#segments.length === 0) {
      // Nothing comes after an end: not even another.
      this.#mode = "swallows";
      this.#endDue = undefined;
      receiver.deliverEnd();
    } else if (receiver.listening === "never again") {
      // Bytes that reach a socket already closed are answered with a reset.
      this.#sender?.reset();
    } else {
      this.wake();
      receiver.deliver(this.#nextChunk());
    }
  }

  #nextChunk(): Buffer {
    const size = this.#nextSize();
    const chunk = Buffer.allocUnsafeSlow(size);
    for (let filled = 0; filled < size; ) {
      const segment = this.#segments[0];
      if (segment === undefined) break;
      const piece = segment.bytes.subarray(0, size - filled);
      chunk.set(piece, filled);
      filled += piece.length;
      if (piece.length === segment.bytes.length) this.#segments.shift();
      else segment.bytes = segment.bytes.subarray(piece.length);
    }
    this.#inFlight -= size;
    this.#delivered += size;
    return chunk;
  }

  #nextSize(): number {
    const now = this.#clock.now();
    const there = this.#segments.filter((segment) => segment.due <= now);
    const available = there.reduce((sum, segment) => sum + segment.bytes.length, 0);
    const asSent = there[0]?.bytes.length ?? 0;
    return Math.max(1, Math.min(Math.trunc(this.#wantedSize(available, asSent)), available, largestChunk));
  }

  #wantedSize(available: number, asSent: number): number {
    const split = this.split;
    if (split === undefined) return asSent;
    if (typeof split === "number") return split;
    if (typeof split === "function") return split(available);
    if (this.#sizes !== split) {
      this.#sizes = split;
      this.#sizesUsed = 0;
    }
    const size = split[this.#sizesUsed] ?? asSent;
    this.#sizesUsed += 1;
    return size;
  }
}
