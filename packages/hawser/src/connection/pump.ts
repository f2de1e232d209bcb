// The pump: Transport -> Wire -> Inbox and back. The one place where the pure machine meets bytes, time and backpressure.
import type { Buffer } from "node:buffer";
import type { Clock } from "../transport/clock.ts";
import { Timer } from "../transport/clock.ts";
import { maskKey, random } from "../transport/randomness.ts";
import type { Receiver, Transport } from "../transport/transport.ts";
import { LimitError } from "../wire/errors.ts";
import type { Limits, Timeouts } from "../wire/limits.ts";
import { createWire } from "../wire/rfc6455/machine.ts";
import type { Kind, Role, Sink, Slab, Wire, WireEnd } from "../wire/wire.ts";
import type { CloseReport, OuterCause } from "./close-report.ts";
import { closeReport } from "./close-report.ts";
import type { InboxOwner, Item } from "./inbox.ts";
import { Inbox } from "./inbox.ts";
import { StallWatch } from "./stall-watch.ts";

/** What a connection runs on. Shared between connections: none of it is copied. */
export interface PumpOptions {
  readonly role: Role;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Checked, as `resolveLimits` gives them. */
  readonly limits: Limits;
  /** Checked, as `resolveTimeouts` gives them. */
  readonly timeouts: Timeouts;
  readonly accepts: Kind | undefined;
  /** Hold back the next message while output is over its mark. */
  readonly coupled: boolean;
}

/** Who hears of what is not a message. */
export interface PumpOwner {
  /** Set by `ended`. */
  readonly report: CloseReport | undefined;
  /** A message is about to be put into the inbox. */
  arrived(item: Item): void;
  ponged(sentAt: number, now: number): void;
  /** Output had to wait, and there is room again. */
  drained(): void;
  /** The phase is "open" no longer. Called once. */
  leftOpen(): void;
  /** The connection is over. Called once, last. */
  ended(report: CloseReport): void;
}

/** After so many messages in a row the loop gets a turn, so that a flood on one connection does not starve the others. */
const BURST = 1024;

/** Drives one connection. */
export class Pump extends Timer implements Sink, Receiver, InboxOwner {
  readonly inbox: Inbox;
  readonly wire: Wire;
  readonly #owner: PumpOwner;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #stall: StallWatch;
  readonly #coupled: boolean;
  readonly #openedAt: number;

  #armedAt = Number.POSITIVE_INFINITY;
  #paused = false;
  #burst = 0;
  #yielding = false;
  #leftOpen = false;
  /** The payload of the newest ping that is not answered yet because output is over its mark. */
  #owedPong: Uint8Array | undefined;
  #outerCause: OuterCause | undefined;
  #transportError: Error | undefined;
  /** The peer half-closed while our last output was still under way. */
  #peerEnded = false;

  #receivedAt: number;
  #bytesReceived = 0;
  #messagesReceived = 0;
  #messagesSent = 0;
  #messagesRefused = 0;

  constructor(owner: PumpOwner, options: PumpOptions) {
    super();
    const { role, transport, clock, limits, timeouts, accepts } = options;
    this.#owner = owner;
    this.#transport = transport;
    this.#clock = clock;
    this.#limits = limits;
    this.#stall = new StallWatch(timeouts.stalled);
    this.#coupled = options.coupled;
    this.#openedAt = clock.now();
    this.#receivedAt = this.#openedAt;
    this.inbox = new Inbox(this, limits.inbox);
    this.wire = createWire({
      role,
      sink: this,
      now: this.#openedAt,
      maskKey,
      jitter: random(),
      accepts,
      limits,
      timeouts,
    });
    this.#arm();
  }

  /** How the connection ended, once it has. */
  get report(): CloseReport | undefined {
    return this.#owner.report;
  }

  /** Bytes that were sent and that nobody has taken yet. */
  get waiting(): number {
    return this.#transport.buffered + this.wire.queued;
  }

  get blocked(): boolean {
    return this.#coupled && this.overMark;
  }

  get overMark(): boolean {
    return this.waiting > this.#limits.sendMark;
  }

  // What the application asks for.

  start(): void {
    this.#transport.start(this);
  }

  /** Sends one message. Returns whether more is welcome: false over the mark, and false when it was not accepted. */
  send(data: string | Uint8Array): boolean {
    if (!this.#mayPut()) return false;
    if (typeof data === "string") this.wire.sendText(data);
    else this.wire.sendBinary(data);
    return this.#put();
  }

  /** As `send`, but says whether it was accepted. */
  sendWhole(data: string | Uint8Array): boolean {
    const before = this.#messagesSent;
    this.send(data);
    return this.#messagesSent > before;
  }

  /** Sends what the wire's `encode` returned. Returns whether it was accepted. */
  sendEncoded(message: Uint8Array): boolean {
    if (!this.#mayPut()) return false;
    this.wire.sendEncoded(message);
    this.#put();
    return true;
  }

  /** Sends one fragment. Returns whether it was accepted. */
  sendFragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean {
    if (!this.#mayPut()) return false;
    this.wire.sendFragment(kind, bytes, final);
    if (final) this.#put();
    else this.#watchStall();
    return true;
  }

  /** Sends a ping and says when. */
  sendPing(payload: Uint8Array): number {
    const now = this.#clock.now();
    this.wire.ping(payload, now);
    return now;
  }

  sendPong(payload: Uint8Array): void {
    this.wire.pong(payload);
  }

  close(code: number | undefined, reason: string): void {
    this.wire.close(code, reason, this.#clock.now());
    this.#settle();
  }

  /** Ends the connection with a Close that says why, for a cause that lies outside the wire. */
  fail(code: number, reason: string, outer: OuterCause): void {
    if (this.wire.phase === "closed") return;
    this.#outerCause ??= outer;
    this.wire.fail(code, reason, this.#clock.now());
    this.#settle();
  }

  /** Drops the transport. */
  terminate(outer: OuterCause): void {
    if (this.wire.phase === "closed") return;
    this.#outerCause ??= outer;
    this.wire.receiveEnd(this.#clock.now());
  }

  // What the transport brings.

  received(chunk: Buffer): void {
    const now = this.#clock.now();
    this.#receivedAt = now;
    this.#bytesReceived += chunk.length;
    this.wire.receive(chunk, now);
    this.#transport.flush();
    this.#settle();
  }

  receivedEnd(): void {
    // The peer may have stopped sending while it still reads what we sent before our Close.
    if (this.wire.phase === "closing" && this.#transport.buffered > 0) this.#peerEnded = true;
    else this.wire.receiveEnd(this.#clock.now());
  }

  drained(): void {
    if (this.#peerEnded) {
      this.wire.receiveEnd(this.#clock.now());
      return;
    }
    const owed = this.#owedPong;
    this.#owedPong = undefined;
    if (owed !== undefined) this.wire.pong(owed);
    this.#owner.drained();
    this.inbox.advance();
  }

  lost(error: Error | undefined): void {
    this.#transportError = error;
    this.wire.receiveEnd(this.#clock.now());
  }

  override expired(now: number): void {
    this.#armedAt = Number.POSITIVE_INFINITY;
    if (this.#stall.sample(this.#transport, now)) this.#endStalled(now);
    this.wire.tick(now);
    this.#settle();
  }

  // What the machine says.

  reserve(size: number): Slab {
    return this.#transport.reserve(size);
  }

  write(bytes: Uint8Array): void {
    this.#transport.write(bytes);
  }

  end(): void {
    this.#transport.end();
  }

  message(data: string | Uint8Array): boolean {
    this.#messagesReceived += 1;
    return this.#deliver(data);
  }

  fragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean {
    if (final) this.#messagesReceived += 1;
    return this.#deliver({ kind, bytes, final });
  }

  ping(payload: Uint8Array): void {
    // RFC 6455 §5.5.3: of several pings only the newest needs an answer; a peer that does not read gets no more than that.
    if (this.overMark) this.#owedPong = payload;
    else this.wire.pong(payload);
  }

  pong(_payload: Uint8Array, sentAt: number | undefined): void {
    if (sentAt !== undefined) this.#owner.ponged(sentAt, this.#clock.now());
  }

  ready(): void {
    this.#resume();
  }

  closed(end: WireEnd): void {
    const brokeOff = end.cause === "lost" || end.cause === "close-timeout";
    const phase = this.#leftOpen && brokeOff ? "closing" : "open";
    this.#noteLeaving();
    this.#clock.cancel(this);
    const now = this.#clock.now();
    const unsent = { messages: this.#messagesRefused, bytes: this.waiting };
    this.#transport.destroy();
    const report = closeReport(end, this.#outer(end), {
      phase,
      unsent,
      idle: now - this.#receivedAt,
      duration: now - this.#openedAt,
      bytes: { sent: this.#transport.taken, received: this.#bytesReceived },
      messages: { sent: this.#messagesSent, received: this.#messagesReceived },
    });
    this.#owner.ended(report);
    this.inbox.end();
  }

  // What the inbox says.

  room(): void {
    this.#resume();
  }

  // Receiving.

  #deliver(item: Item): boolean {
    this.#owner.arrived(item);
    const room = this.inbox.deliver(item);
    this.#burst += 1;
    if (this.#burst < BURST) return room;
    this.#burst = 0;
    this.#yielding = true;
    this.#clock.soon(() => {
      this.#yielding = false;
      this.#resume();
    });
    return false;
  }

  #resume(): void {
    if (this.#yielding || this.inbox.full) return;
    this.wire.resume(this.#clock.now());
    this.#settle();
  }

  /** After anything that may have moved the machine: pausing, the timer, and the news that it is open no longer. */
  #settle(): void {
    if (this.wire.phase === "closed") return;
    if (this.wire.phase === "closing") this.#noteLeaving();
    if (this.wire.held !== this.#paused) {
      this.#paused = this.wire.held;
      if (this.#paused) this.#transport.pause();
      else this.#transport.resume();
    }
    this.#arm();
  }

  #noteLeaving(): void {
    if (this.#leftOpen) return;
    this.#leftOpen = true;
    this.#owner.leftOpen();
  }

  // Sending.

  #mayPut(): boolean {
    if (this.wire.phase === "open" && this.waiting > this.#limits.sendBuffer) this.#overflow();
    if (this.wire.phase === "open") return true;
    this.#messagesRefused += 1;
    return false;
  }

  #put(): boolean {
    this.#messagesSent += 1;
    this.#watchStall();
    return !this.overMark;
  }

  #overflow(): void {
    const message = `over ${this.#limits.sendBuffer} bytes wait for a peer that does not read`;
    const error = new LimitError("limits.sendBuffer", 1008, message);
    this.fail(1008, "too slow", { cause: "limit", limit: error.limit, error });
  }

  // Time.

  #arm(): void {
    const at = Math.min(this.wire.deadline ?? Number.POSITIVE_INFINITY, this.#stall.nextSample);
    // A deadline that moved back is left where it was: the timer comes, finds nothing due, and is set anew.
    if (at >= this.#armedAt) return;
    this.#armedAt = at;
    this.#clock.schedule(this, at);
  }

  #watchStall(): void {
    if (!this.#stall.idle) return;
    this.#stall.begin(this.#transport, this.#clock.now());
    this.#arm();
  }

  #endStalled(now: number): void {
    const error = new LimitError("timeouts.stalled", 1008, "the peer took no byte of what waits for it");
    this.fail(1008, "stalled", { cause: "timeout", limit: error.limit, error });
    this.wire.receiveEnd(now);
  }

  // The end.

  #outer(end: WireEnd): OuterCause | undefined {
    // What came after a closing handshake had run its course explains nothing any more.
    if (end.clean && end.cause !== "failed") return undefined;
    if (this.#outerCause !== undefined) return this.#outerCause;
    return end.cause === "lost" && this.#transportError !== undefined
      ? { cause: "lost", error: this.#transportError }
      : undefined;
  }
}
