// The sender: what goes out over one connection, how much of it waits, and what that means for whoever sends.
import type { Clock } from "../transport/clock.ts";
import type { Transport } from "../transport/transport.ts";
import type { Encoded } from "../wire/encoded.ts";
import { LimitError } from "../wire/errors.ts";
import type { Limits } from "../wire/limits.ts";
import type { Kind, Wire } from "../wire/wire.ts";
import type { OuterCause } from "./close-report.ts";
import { StallWatch } from "./stall-watch.ts";

/** What a sender needs of the connection around it. */
export interface SenderOwner {
  /** The connection cannot go on sending: end it. */
  fail(code: number, reason: string, outer: OuterCause): void;
  /** What waited behind a message in fragments goes on its way: look at `overMark` again. */
  unqueued(): void;
  /** `nextSample` has come nearer. */
  arm(): void;
}

/** Sends, and counts what waits. */
export class Sender {
  /** Messages that were accepted, and those that were not because the connection is not open. */
  sent = 0;
  refused = 0;
  readonly #owner: SenderOwner;
  readonly #wire: Wire;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #stallTimeout: number;
  /** While output may wait. */
  #stall: StallWatch | undefined;
  /** The payload of the newest ping that is not answered yet because output is over its mark. */
  #owedPong: Uint8Array | undefined;

  /** @param stalled `timeouts.stalled` */
  constructor(
    owner: SenderOwner,
    wire: Wire,
    transport: Transport,
    clock: Clock,
    limits: Limits,
    stalled: number,
  ) {
    this.#owner = owner;
    this.#wire = wire;
    this.#transport = transport;
    this.#clock = clock;
    this.#limits = limits;
    this.#stallTimeout = stalled;
  }

  /** When to look for a stall next; Infinity while nothing waits. */
  get nextSample(): number {
    return this.#stall?.nextSample ?? Number.POSITIVE_INFINITY;
  }

  /** Bytes that were sent and that nobody has taken yet. */
  get waiting(): number {
    return this.#transport.buffered + this.#wire.queued;
  }

  /** Of those, bytes that go on their way by themselves: all but what waits for the next piece of a fragmented message. */
  get output(): number {
    return this.#transport.buffered + this.#wire.moving;
  }

  /** More than `limits.sendMark` waits, though the system was offered all of it. */
  get overMark(): boolean {
    return this.waiting > this.#limits.sendMark && this.#stillOver();
  }

  /** As `overMark`, but of `output` alone. */
  get outputOverMark(): boolean {
    if (this.output <= this.#limits.sendMark) return false;
    this.#transport.flush();
    return this.output > this.#limits.sendMark;
  }

  /** Sends one message. Returns whether more is welcome: false over the mark, and false when it was not accepted. */
  send(data: string | Uint8Array, compress = true): boolean {
    if (!this.#mayPut()) return false;
    if (typeof data === "string") this.#wire.sendText(data, compress);
    else this.#wire.sendBinary(data, compress);
    this.#put();
    return !this.overMark;
  }

  /** As `send`, but says whether it was accepted. */
  sendWhole(data: string | Uint8Array, compress = true): boolean {
    const before = this.sent;
    this.send(data, compress);
    return this.sent > before;
  }

  /** Sends what the wire's `encode` returned. Returns whether it was accepted. */
  sendEncoded(message: Encoded): boolean {
    if (!this.#mayPut()) return false;
    this.#wire.sendEncoded(message);
    this.#put();
    return true;
  }

  /** Sends one fragment. Returns whether it was accepted. */
  sendFragment(kind: Kind, bytes: Uint8Array, final: boolean, compress = true): boolean {
    if (!this.#mayPut()) return false;
    this.#wire.sendFragment(kind, bytes, final, compress);
    this.watchStall();
    if (final) {
      this.sent += 1;
      this.#owner.unqueued();
    }
    return true;
  }

  /** Sends a ping and says when. */
  ping(payload: Uint8Array): number {
    const now = this.#clock.now();
    this.#checkBuffer();
    this.#wire.ping(payload, now);
    this.watchStall();
    return now;
  }

  /** Answers a ping: at once, or when output has drained. */
  answer(payload: Uint8Array): void {
    // RFC 6455 §5.5.3: of several pings only the newest needs an answer; a peer that does not read gets no more than that.
    if (this.outputOverMark) {
      this.#owedPong = payload;
      return;
    }
    this.#owedPong = undefined;
    this.#wire.pong(payload);
  }

  /** The transport is not over the mark any more. */
  drained(): void {
    const owed = this.#owedPong;
    this.#owedPong = undefined;
    if (owed !== undefined) this.#wire.pong(owed);
  }

  /** Looks for a stall. Returns true if the peer took no byte of what waits for all of `timeouts.stalled`. */
  stalled(now: number): boolean {
    const verdict = this.#stall?.sample(this.#transport, now);
    if (verdict === "idle") this.#stall = undefined;
    return verdict === "stalled";
  }

  #stillOver(): boolean {
    // The transport says when output that had to wait has drained, and nothing of what the system takes at once.
    this.#transport.flush();
    // After a Close what waits for the next piece of a message stays counted, but never goes out.
    const waiting = this.#wire.phase === "open" ? this.waiting : this.output;
    return waiting > this.#limits.sendMark;
  }

  #mayPut(): boolean {
    this.#checkBuffer();
    if (this.#wire.phase === "open") return true;
    this.refused += 1;
    return false;
  }

  #put(): void {
    this.sent += 1;
    if (this.#stall === undefined) this.watchStall();
  }

  /** Ends the connection if too much waits, though the system was offered all of it. */
  #checkBuffer(): void {
    const { sendBuffer } = this.#limits;
    if (this.#wire.phase !== "open" || this.waiting <= sendBuffer) return;
    this.#transport.flush();
    if (this.waiting > sendBuffer) this.#overflow();
  }

  #overflow(): void {
    const message = `over ${this.#limits.sendBuffer} bytes wait for a peer that does not read`;
    const error = new LimitError("limits.sendBuffer", 1008, message);
    this.#owner.fail(1008, "too slow", { cause: "limit", limit: error.limit, error });
  }

  /** After something was written. */
  watchStall(): void {
    if (this.#stall !== undefined || this.#stallTimeout === Number.POSITIVE_INFINITY) return;
    if (this.#wire.phase === "closed") return;
    this.#stall = new StallWatch(this.#stallTimeout, this.#transport, Math.floor(this.#clock.now()));
    this.#owner.arm();
  }
}
