// The pump: Transport -> Wire -> Inbox and back. The one place where the pure machine meets bytes, time and backpressure.
import type { Buffer } from "node:buffer";
import type { Clock } from "../transport/clock.ts";
import { Timer } from "../transport/clock.ts";
import { maskKey, random } from "../transport/randomness.ts";
import type { Receiver, Transport } from "../transport/transport.ts";
import type { Codec } from "../wire/codec.ts";
import type { SharedBytes } from "../wire/encoded.ts";
import { LimitError } from "../wire/errors.ts";
import type { Framing } from "../wire/framing.ts";
import type { Limits, Timeouts } from "../wire/limits.ts";
import { isKeepalive } from "../wire/rfc6455/keepalive.ts";
import { createWire } from "../wire/rfc6455/machine.ts";
import type { Kind, Role, Sink, Slab, Wire, WireEnd } from "../wire/wire.ts";
import type { CloseReport, OuterCause } from "./close-report.ts";
import type { InboxOwner, Item } from "./inbox.ts";
import { Inbox } from "./inbox.ts";
import { Ledger } from "./ledger.ts";
import type { PumpOwner } from "./pump-owner.ts";
import type { SenderOwner } from "./sender.ts";
import { Sender } from "./sender.ts";
import type { Traffic } from "./traffic.ts";

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
  /** If compression was agreed on. With context takeover it is this connection's own. */
  readonly codec?: Codec | undefined;
  /** The wire version that was agreed on. Default: RFC 6455. */
  readonly framing?: Framing | undefined;
}

/** After so many messages in a row the loop gets a turn, so that a flood on one connection does not starve the others. */
const BURST = 1024;

/** Drives one connection. */
export class Pump extends Timer implements Sink, Receiver, InboxOwner, SenderOwner {
  readonly inbox: Inbox;
  readonly wire: Wire;
  readonly sender: Sender;
  /** The only kind of message that comes; undefined: both do. */
  readonly accepts: Kind | undefined;
  readonly #owner: PumpOwner;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #coupled: boolean;
  readonly #ledger: Ledger;

  /** Bytes of the handshake's answer, which went over the same transport. */
  readonly #before: number;

  /** The deadline that the clock was given; undefined for none. */
  #armedAt: number | undefined;
  #paused = false;
  #burst = 0;
  #yielding = false;
  /** The wire holds a Close or a violation of the peer until what came before it has been answered. */
  #concluding = false;
  /** The peer half-closed while our last output was still under way. */
  #peerEnded = false;

  constructor(owner: PumpOwner, options: PumpOptions) {
    super();
    const { role, transport, clock, limits, timeouts, accepts } = options;
    this.accepts = accepts;
    this.#owner = owner;
    this.#transport = transport;
    this.#clock = clock;
    this.#coupled = options.coupled;
    this.#before = transport.taken + transport.buffered;
    const now = Math.floor(clock.now());
    this.#ledger = new Ledger(now);
    this.inbox = new Inbox(this, limits.inbox);
    this.wire = createWire({
      role,
      sink: this,
      now,
      maskKey,
      jitter: random(),
      accepts,
      limits,
      timeouts,
      codec: options.codec,
      framing: options.framing,
    });
    this.sender = new Sender(this, this.wire, transport, clock, limits, timeouts.stalled);
    this.arm();
  }

  /** How the connection ended, once it has. */
  get report(): CloseReport | undefined {
    return this.#owner.report;
  }

  /** What went over it so far. */
  get traffic(): Traffic {
    const { messagesReceived, bytesReceived } = this.#ledger;
    return {
      bytes: { sent: Math.max(0, this.#transport.taken - this.#before), received: bytesReceived },
      messages: { sent: this.sender.sent, received: messagesReceived },
    };
  }

  /** The port at the other end; undefined where a transport has none. */
  get remotePort(): number | undefined {
    return this.#transport.remotePort;
  }

  get blocked(): boolean {
    // What waits for the next piece of a message is left out: that may be what the held messages bring.
    return this.#coupled && this.sender.outputOverMark;
  }

  // What the application asks for.

  start(): void {
    this.#transport.start(this);
  }

  /** @param exactly false: what the wire version cannot say is left out. Default true: it throws UnsupportedError */
  close(code: number | undefined, reason: string, exactly = true): void {
    this.wire.close(code, reason, this.#now(), exactly);
    this.#settle();
  }

  /** Ends the connection with a Close that says why, for a cause that lies outside the wire. Does nothing once it is not open. */
  fail(code: number, reason: string, outer: OuterCause): void {
    if (this.wire.phase !== "open") return;
    this.#ledger.explain(outer);
    this.wire.fail(code, reason, this.#now());
    this.#settle();
  }

  /** Drops the transport. */
  terminate(outer: OuterCause): void {
    if (this.wire.phase === "closed") return;
    this.#ledger.explain(outer);
    this.wire.receiveEnd(this.#now(), "unwanted");
  }

  /** Whole milliseconds: in each field that keeps it, a time with a fraction would be an object of its own. */
  #now(): number {
    return Math.floor(this.#clock.now());
  }

  // What the transport brings.

  received(chunk: Buffer): void {
    const now = this.#now();
    this.#ledger.received(chunk.length, now);
    this.wire.receive(chunk, now);
    if (this.#transport.lends && this.wire.held) this.wire.copyUnread();
    this.#transport.flush();
    this.#settle();
  }

  receivedEnd(): void {
    // The peer may have stopped sending while it still reads what we sent before our Close.
    if (this.wire.phase === "closing" && this.sender.output > 0) this.#peerEnded = true;
    else this.wire.receiveEnd(this.#now());
  }

  drained(): void {
    if (this.#peerEnded) this.#endWithPeer();
    else this.unqueued();
  }

  progressed(): void {
    // A peer that reads slowly but steadily may never see an empty buffer: what waits for the mark must not wait for that.
    if (!this.#peerEnded && !this.sender.outputOverMark) this.unqueued();
  }

  lost(error: Error | undefined): void {
    this.#ledger.lost(error);
    this.wire.receiveEnd(this.#now(), "broken");
  }

  override expired(now: number): void {
    this.#armedAt = undefined;
    // What was put in during this turn of the loop has not had its chance yet.
    this.#transport.flush();
    if (this.sender.stalled(now)) this.#endStalled();
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

  writeShared(bytes: SharedBytes): void {
    this.#transport.writeShared(bytes);
  }

  end(): void {
    this.#ledger.ending();
    this.#transport.end();
  }

  message(data: string | Uint8Array): boolean {
    this.#ledger.messagesReceived += 1;
    return this.#deliver(data);
  }

  fragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean {
    if (final) this.#ledger.messagesReceived += 1;
    return this.#deliver({ kind, bytes, final });
  }

  ping(payload: Uint8Array): boolean {
    const { controls } = this.inbox;
    if (controls !== "told") this.sender.answer(payload);
    return controls === undefined ? true : this.#deliverControl({ control: "ping", bytes: payload });
  }

  pong(payload: Uint8Array, sentAt: number | undefined): boolean {
    if (sentAt !== undefined) this.#owner.ponged(payload, sentAt, this.#clock.now());
    if (this.inbox.controls === undefined || isKeepalive(payload, sentAt)) return true;
    return this.#deliverControl({ control: "pong", bytes: payload });
  }

  /**
   * Time for what output holds back, which `timeouts.stalled` limits; and one turn for consumers that answer from a promise.
   * Who needs longer is as late as anywhere.
   */
  settled(): boolean {
    if (this.inbox.settled) return true;
    this.#concluding = true;
    this.#yield();
    return false;
  }

  ready(): void {
    this.#resume();
  }

  deflated(): void {
    this.sender.watchStall();
    if (this.#peerEnded) this.#endWithPeer();
    else this.unqueued();
  }

  closed(end: WireEnd): void {
    this.#clock.cancel(this);
    const { refused, waiting } = this.sender;
    const unsent = { messages: refused, bytes: waiting };
    this.#transport.destroy();
    this.#owner.ended(this.#ledger.report(end, unsent, this.traffic, this.#now()));
    this.inbox.end();
  }

  // What the inbox and the sender say.

  room(): void {
    this.#resume();
  }

  unqueued(): void {
    if (!this.sender.outputOverMark) {
      this.sender.drained();
      this.#owner.drained();
    }
    if (!this.sender.overMark) this.#owner.relieved();
    this.inbox.advance();
    if (this.#concluding) this.#yield();
  }

  arm(): void {
    const at = Math.min(this.wire.deadline ?? Number.POSITIVE_INFINITY, this.sender.nextSample);
    // A deadline that moved back is left where it was: the timer comes, finds nothing due, and is set anew.
    if (at >= (this.#armedAt ?? Number.POSITIVE_INFINITY)) return;
    this.#armedAt = at;
    this.#clock.schedule(this, at);
  }

  /** The peer has half-closed already: when it has all that we sent, the connection is over. */
  #endWithPeer(): void {
    this.#transport.flush();
    if (this.sender.output === 0) this.wire.receiveEnd(this.#now());
  }

  // Receiving.

  #deliver(item: Item): boolean {
    this.#owner.arrived(item);
    return this.#deliverControl(item);
  }

  /** As `#deliver`, for what is no message. */
  #deliverControl(item: Item): boolean {
    const room = this.inbox.deliver(item);
    this.#burst += 1;
    if (this.#burst < BURST) return room;
    this.#burst = 0;
    this.#yield();
    return false;
  }

  /** Lets the loop turn once before the wire goes on. */
  #yield(): void {
    if (this.#yielding) return;
    this.#yielding = true;
    this.#clock.soon(() => {
      this.#yielding = false;
      this.#resume();
    });
  }

  #resume(): void {
    if (this.#yielding || this.inbox.full || (this.#concluding && this.inbox.heldBack)) return;
    this.wire.resume(this.#now());
    this.#settle();
  }

  /** After anything that may have moved the machine: pausing, the timer, and the news that it is open no longer. */
  #settle(): void {
    if (this.wire.phase === "closing") this.#noteLeaving();
    // Also after the news: whoever hears it may drop the transport.
    if (this.wire.phase === "closed") return;
    if (this.wire.held !== this.#paused) {
      this.#paused = this.wire.held;
      if (this.#paused) this.#transport.pause();
      else this.#transport.resume();
    }
    this.arm();
  }

  #noteLeaving(): void {
    if (this.#ledger.leftOpen) return;
    this.#ledger.leftOpen = true;
    this.#owner.leftOpen();
    // Nothing waits behind a message in fragments any more.
    if (this.wire.queued > 0) this.#clock.soon(() => this.unqueued());
  }

  // The end.

  #endStalled(): void {
    const error = new LimitError("timeouts.stalled", 1008, "the peer took no byte of what waits for it");
    const outer: OuterCause = { cause: "timeout", limit: error.limit, error };
    this.fail(1008, "stalled", outer);
    // It does not read: it will not read the Close either.
    this.terminate(outer);
  }
}
