// One RFC 6455 connection after its handshake: joins decoder, assembler, encoder, closing and keepalive into a Wire.
import { Buffer } from "node:buffer";
import type { Encoded } from "../encoded.ts";
import { LimitError, ProtocolError, UnsupportedError } from "../errors.ts";
import type { Reader } from "../framing.ts";
import type {
  Capabilities,
  CloseFrame,
  Kind,
  Phase,
  Sink,
  TransportEnd,
  Wire,
  WireEndCause,
  WireVersion,
} from "../wire.ts";
import type { MessageHandler } from "./assembler.ts";
import { checkClose, fitReason, NO_STATUS } from "./close-code.ts";
import { Closing } from "./closing.ts";
import { CompressedFrame } from "./compressed-frame.ts";
import { firstByte } from "./encoder.ts";
import { rfc6455 } from "./framing.ts";
import { type Inflated, Inflation } from "./inflation.ts";
import { Keepalive } from "./keepalive.ts";
import { Opcode } from "./opcode.ts";
import { OutgoingQueue } from "./outgoing-queue.ts";
import { Pace } from "./pace.ts";
import { type Settings, settingsOf, type WireOptions } from "./settings.ts";

export type { WireOptions } from "./settings.ts";

const MAX_CONTROL = 125;

const canCompress: Capabilities = Object.freeze({ ...rfc6455.can, compression: true });

/**
 * Makes the machine of one connection.
 *
 * @throws TypeError for a client without `maskKey`
 */
export function createWire(options: WireOptions): Wire {
  return new Machine(options);
}

/** A Close of the peer's, with the payload that answers it. */
interface PeerClose {
  readonly frame: CloseFrame;
  readonly payload: Buffer;
}

/** What a peer's part can end with. */
type Conclusion = PeerClose | ProtocolError | LimitError;

/** `#closeDeadline` before the connection begins to end. */
const OPEN = -1;

class Machine implements Wire, MessageHandler {
  streaming = false;

  readonly #settings: Settings;
  readonly #sink: Sink;
  /** From when the connection begins to end. */
  #closing: Closing | undefined;
  readonly #keepalive: Keepalive;
  /** Where there is a limit to keep. */
  readonly #pace: Pace | undefined;
  /** Undefined while messages go straight to the encoder: with no compression, and not in the middle of a fragmented message. */
  #queue: OutgoingQueue | undefined;
  readonly #inflation: Inflation | undefined;

  /** While a message or a frame is under way. */
  #reader: Reader | undefined;
  /** Nothing more is read: what comes now is thrown away. */
  #deaf = false;
  #held = false;
  /** A chunk is being read: what an event's handler releases or brings is left to the loop that reads it. */
  #reading = false;
  /** Chunks, and ends of chunks, that came while the sink had enough, or while another was being read. */
  #unread: Buffer[] | undefined;
  /** What ends the peer's part, and waits for answers to what came before it. */
  #conclusion: Conclusion | undefined;
  /** No more bytes will come: nothing is held back any longer. */
  #ending = false;
  #now: number;
  #closeDeadline = OPEN;

  constructor(options: WireOptions) {
    const { sink, now, codec } = options;
    const settings = settingsOf(options);
    const { limits, timeouts } = settings;
    this.#settings = settings;
    this.#sink = sink;
    this.#queue = codec && new OutgoingQueue(sink, settings, codec);
    this.#inflation = codec && new Inflation(codec, limits.message, sink);
    this.#keepalive = new Keepalive(timeouts, options.jitter ?? 0.5, now);
    this.#pace = Pace.where(timeouts, limits, now);
    this.#now = now;
  }

  get version(): WireVersion {
    return this.#settings.framing.version;
  }

  get can(): Capabilities {
    return this.#inflation === undefined ? this.#settings.framing.can : canCompress;
  }

  get sharing(): string | undefined {
    if (this.#settings.role !== "server") return undefined;
    return this.#inflation === undefined ? this.version : this.#queue?.codec?.setting;
  }

  get phase(): Phase {
    return this.#closing?.phase ?? "open";
  }

  get held(): boolean {
    return this.#held;
  }

  get queued(): number {
    return this.#queue?.queued ?? 0;
  }

  get moving(): number {
    return this.#queue?.moving ?? 0;
  }

  get deadline(): number | undefined {
    const at =
      this.phase === "open"
        ? this.#openDeadline()
        : this.phase === "closing"
          ? this.#closeDeadline
          : undefined;
    return at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  // Bytes and time in.

  receive(chunk: Buffer, now: number): void {
    this.#now = now;
    // From inside an event's handler too, as a stream can that is in the same process: what came before it is read first.
    if (this.#held || this.#reading || this.#unread !== undefined) {
      this.#unread ??= [];
      this.#unread.push(chunk);
      if (this.#held || this.#reading) return;
    }
    const within = this.#reader?.decoder.inFrame === true;
    if (this.#unread === undefined) this.#read(chunk);
    if (this.#unread !== undefined) this.#readOn();
    this.#noteProgress(now, within);
  }

  copyUnread(): void {
    this.#unread = this.#unread?.map((bytes) => Buffer.from(bytes));
  }

  receiveEnd(now: number, end: TransportEnd = "ended"): void {
    if (this.phase === "closed") return;
    this.#now = now;
    this.#ending = true;
    if (end === "unwanted") this.#inflation?.stop();
    // What is behind a message that was dropped must not make what came look complete.
    else if (this.#inflation?.hurry() === false) this.#deafen();
    this.#release();
    // A handler that dropped the transport has brought us here already.
    if (this.#closing?.state === "ended") return;
    if (end === "ended" && this.#settings.framing.endsWithTransport) this.#receiveEndAsClose();
    this.#end("lost");
  }

  resume(now: number): void {
    if (!this.#held || this.#inflation?.busy === true) return;
    this.#now = now;
    // The peer could not be heard while we did not read: its silence counts from here.
    this.#keepalive.progress(now);
    this.#pace?.resumed(now);
    this.#release();
    this.#noteProgress(now, false);
  }

  tick(now: number): void {
    this.#now = Math.floor(now);
    if (this.phase === "closing" && now >= this.#closeDeadline) {
      this.#end("close-timeout");
      return;
    }
    if (this.phase !== "open") return;
    if (!this.#held && now >= this.#messageDeadline) {
      this.#expire("timeouts.message", "timeout", 1008, "a message took too long to come");
    } else if (!this.#held && now >= this.#idleDeadline) {
      this.#expire("timeouts.idle", "timeout", 1008, "no message came for too long");
    } else {
      this.#keepAlive(now);
    }
  }

  // Commands in.

  sendText(text: string, compress = true): void {
    if (this.phase !== "open") return;
    if (this.#queue === undefined)
      this.#settings.framing.encodeText(this.#sink, this.#settings.maskKey, text);
    else this.#queue.text(text, compress);
  }

  sendBinary(bytes: Uint8Array, compress = true): void {
    if (this.phase !== "open") return;
    if (this.#queue === undefined) this.#frame(Opcode.binary, bytes);
    else this.#queue.bytes(Opcode.binary, bytes, compress);
  }

  encode(data: string | Uint8Array, compress = true): Encoded {
    if (this.sharing !== undefined) {
      const codec = this.#queue?.codec;
      const compressed = codec !== undefined && compress && reaches(codec.threshold, data);
      return compressed ? new CompressedFrame(data, codec) : this.#settings.framing.sharedMessage(data);
    }
    const frame = this.#settings.framing.encodeMessage(data, this.#settings.maskKey);
    return { memory: frame, start: 0, end: frame.length };
  }

  sendEncoded(message: Encoded): void {
    if (this.phase !== "open") return;
    if (this.#queue === undefined && "memory" in message) this.#sink.writeShared(message);
    else this.#queueOrNew().frame(message);
  }

  sendFragment(kind: Kind, bytes: Uint8Array, final: boolean, compress = true): void {
    if (this.phase !== "open") return;
    this.#need("fragments", "messages in fragments");
    const queue = this.#queueOrNew();
    queue.fragment(kind, bytes, final, compress);
    if (queue.idle && queue.codec === undefined) this.#queue = undefined;
  }

  ping(payload: Uint8Array, now: number): void {
    checkControl(payload);
    this.#need("ping", "pings");
    if (this.phase !== "open") return;
    this.#keepalive.sent(Buffer.from(payload), now);
    this.#frame(Opcode.ping, payload);
  }

  pong(payload: Uint8Array): void {
    checkControl(payload);
    this.#need("ping", "pongs");
    if (this.phase === "open") this.#frame(Opcode.pong, payload);
  }

  close(code: number | undefined, reason: string, now: number, exactly = true): void {
    if (exactly) this.#settings.framing.checkClose(code, reason);
    else checkClose(code, reason);
    if (this.phase !== "open") return;
    this.#beginClose({ code: code ?? NO_STATUS, reason });
    this.#closeDeadline = now + this.#settings.timeouts.close;
    if (this.#settings.framing.endsWithTransport) this.#endOutput();
    // What the peer still sends is read for its Close and otherwise dropped, so nothing is held back any longer.
    this.#release();
  }

  fail(code: number, reason: string, now: number): void {
    const fitting = fitReason(reason);
    checkClose(code, fitting);
    this.#now = now;
    this.#fail(code, fitting, "failed", undefined);
  }

  // What the assembler calls.

  message(data: string | Uint8Array): boolean {
    if (!this.#admit()) return this.#readsOn();
    return this.#heed(this.#sink.message(data));
  }

  fragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean {
    if (final && !this.#admit()) return this.#readsOn();
    if (this.phase !== "open") return this.#readsOn();
    return this.#heed(this.#sink.fragment(kind, bytes, final));
  }

  compressed(kind: Kind, bytes: Uint8Array, streamed: boolean): boolean {
    // Counted before it is inflated: one too many is not worth the time.
    if (!this.#admit()) return this.#readsOn();
    const inflated = this.#inflation?.begin(kind, bytes, streamed);
    if (inflated !== undefined) return this.#heed(this.#deliver(inflated));
    if (this.#inflation?.busy === true) this.#hold();
    // Dropped, at the end of the transport: what is behind it, a Close too, must not make what came look complete.
    else this.#deafen();
    return false;
  }

  control(opcode: number, payload: Buffer): boolean {
    if (opcode === Opcode.close) {
      this.#conclude({ frame: this.#settings.framing.parseClose(payload), payload });
    } else if (opcode === Opcode.pong) {
      return this.#heed(this.#sink.pong(payload, this.#keepalive.answered(payload)) !== false);
    } else if (this.phase === "open") {
      return this.#heed(this.#sink.ping(payload) !== false);
    }
    return this.#readsOn();
  }

  // Reading.

  #read(chunk: Buffer): void {
    if (this.#deaf) return;
    const { framing } = this.#settings;
    const reader = this.#reader ?? framing.reader(this.#settings, this.#inflation !== undefined, this);
    this.#reader = reader;
    let at: number;
    this.#reading = true;
    try {
      at = reader.decoder.decode(chunk, 0);
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof LimitError)) throw error;
      this.#conclude(error);
      return;
    } finally {
      this.#reading = false;
    }
    if (reader.atRest) {
      this.#reader = undefined;
      reader.giveBack();
    }
    if (this.#held && at < chunk.length) {
      this.#unread ??= [];
      this.#unread.unshift(chunk.subarray(at));
    }
  }

  #deafen(): void {
    this.#deaf = true;
    this.#reader = undefined;
  }

  /** Reads what was held back, as far as the sink lets it. */
  #release(): void {
    this.#held = false;
    this.#deliverInflated();
    if (this.#held) return;
    const conclusion = this.#conclusion;
    this.#conclusion = undefined;
    if (conclusion !== undefined) this.#act(conclusion);
    if (!this.#reading) this.#readOn();
  }

  #readOn(): void {
    while (this.#unread !== undefined && !this.#held) {
      const chunk = this.#unread.shift();
      if (chunk === undefined) this.#unread = undefined;
      else this.#read(chunk);
    }
  }

  /** Delivers the message that was inflated elsewhere, if there is one. */
  #deliverInflated(): void {
    if (this.phase !== "open") this.#inflation?.stop();
    try {
      const inflated = this.#inflation?.take();
      if (inflated !== undefined) this.#heed(this.#deliver(inflated));
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof LimitError)) throw error;
      this.#unread = undefined;
      this.#conclude(error);
    }
  }

  #deliver(inflated: Inflated): boolean {
    if (typeof inflated === "string" || inflated instanceof Uint8Array) return this.#sink.message(inflated);
    return this.#sink.fragment(inflated.kind, inflated.bytes, true);
  }

  /** Counts a message. False: it is not to be delivered, since we have sent our Close or it is one too many. */
  #admit(): boolean {
    if (this.phase !== "open") return false;
    if (this.#pace?.message(this.#now) ?? true) return true;
    this.#expire("limits.rate", "limit", 1008, "too many messages a second");
    return false;
  }

  #heed(goOn: boolean): boolean {
    if (!goOn && !this.#ending && this.phase === "open") this.#hold();
    return this.#readsOn();
  }

  #hold(): void {
    this.#held = true;
    this.#pace?.held(this.#now);
  }

  #readsOn(): boolean {
    return !this.#held && !this.#deaf;
  }

  /** @param within what was read began inside a frame */
  #noteProgress(now: number, within: boolean): void {
    if (this.#deaf) return;
    const reader = this.#reader;
    // A pong cannot overtake the frame that the peer is in the middle of.
    if (within || reader?.decoder.inFrame === true) this.#keepalive.progress(now);
    this.#pace?.read(now, reader !== undefined);
  }

  // Time.

  #openDeadline(): number {
    const keepalive = this.#keepalive.deadline(this.#held);
    return this.#held ? keepalive : Math.min(keepalive, this.#messageDeadline, this.#idleDeadline);
  }

  #keepAlive(now: number): void {
    const demand = this.#keepalive.demand(now, this.#held);
    if (demand === "ping") this.ping(this.#keepalive.begin(now), now);
    if (demand !== "fail") return;
    this.#expire("timeouts.pong", "keepalive", 1011, "keepalive: a ping was not answered");
    // Whoever does not answer a ping will not answer a Close: there is nothing to wait for.
    this.receiveEnd(now);
  }

  get #messageDeadline(): number {
    return this.#pace?.messageDeadline ?? Number.POSITIVE_INFINITY;
  }

  get #idleDeadline(): number {
    return this.#pace?.idleDeadline ?? Number.POSITIVE_INFINITY;
  }

  // Closing.

  #leaving(): Closing {
    this.#closing ??= new Closing();
    return this.#closing;
  }

  /** A Close that is no answer, as far as the version can say it. */
  #beginClose(frame: CloseFrame): void {
    const { framing, role } = this.#settings;
    const fitting = framing.fitClose(frame);
    this.#sendClose(fitting, framing.printClose(fitting, role));
  }

  #sendClose(frame: CloseFrame, payload: Uint8Array): void {
    if (this.#queue === undefined) this.#frame(Opcode.close, payload);
    else this.#queue.close(payload);
    this.#leaving().sendClose(frame);
  }

  #frame(opcode: number, payload: Uint8Array): void {
    this.#settings.framing.encodeFrame(this.#sink, this.#settings.maskKey, firstByte(opcode, true), payload);
  }

  /** @throws UnsupportedError */
  #need(capability: "fragments" | "ping", what: string): void {
    const { can, version } = this.#settings.framing;
    if (!can[capability]) throw new UnsupportedError(`${version} has no ${what}`);
  }

  #queueOrNew(): OutgoingQueue {
    this.#queue ??= new OutgoingQueue(this.#sink, this.#settings, undefined);
    return this.#queue;
  }

  #receiveClose({ frame, payload }: PeerClose): void {
    const closing = this.#leaving();
    closing.receiveClose(frame);
    // RFC 6455 §5.5.1: an endpoint that has not sent a Close "MUST send a Close frame in response", with the same code.
    if (closing.sent === undefined) this.#sendClose(frame, payload);
    this.#finishReading();
    // RFC 6455 §7.1.1: the server closes the transport first, so that TIME_WAIT stays with it.
    if (this.#settings.role === "server") this.#endOutput();
  }

  /** Where a version has no Close, a peer that ends the transport between two messages has said all it had to say. */
  #receiveEndAsClose(): void {
    const closing = this.#leaving();
    // Behind our own end whatever came was dropped: that the last of it was cut is no loss.
    const cut = closing.sent === undefined && this.#reader?.decoder.inFrame === true;
    if (cut || closing.state === "acknowledged") return;
    const frame = { code: NO_STATUS, reason: "" };
    closing.receiveClose(frame);
    if (closing.sent === undefined) closing.sendClose(frame);
  }

  /** Ends our half of the transport, behind everything. */
  #endOutput(): void {
    if (this.#queue === undefined) this.#sink.end();
    else this.#queue.end();
  }

  /** The peer's part ends here, by its Close or by a mistake. Answers to what came before go out before ours. */
  #conclude(conclusion: Conclusion): void {
    if (this.phase !== "open" || this.#ending || this.#sink.settled?.() !== false) {
      this.#act(conclusion);
      return;
    }
    this.#conclusion = conclusion;
    this.#deafen();
    this.#hold();
  }

  #act(conclusion: Conclusion): void {
    if (conclusion instanceof ProtocolError) {
      this.#fail(conclusion.closeCode, fitReason(conclusion.message), "protocol", conclusion);
    } else if (conclusion instanceof LimitError) {
      this.#fail(conclusion.closeCode, fitReason(conclusion.message), "limit", conclusion);
    } else {
      this.#receiveClose(conclusion);
    }
  }

  #expire(limit: string, cause: WireEndCause, code: number, reason: string): void {
    this.#fail(code, reason, cause, new LimitError(limit, code, reason));
  }

  /** RFC 6455 §7.1.7: says why, closes, and does not wait for an answer. */
  #fail(
    code: number,
    reason: string,
    cause: WireEndCause,
    error: ProtocolError | LimitError | undefined,
  ): void {
    const closing = this.#leaving();
    if (closing.state === "acknowledged" || closing.state === "ended") return;
    // What waits to be compressed is not waited for: a Close among it goes out now, and else one that says why.
    const waiting = this.#queue?.drop();
    if (waiting !== undefined) this.#frame(Opcode.close, waiting);
    if (closing.sent === undefined) this.#beginClose({ code, reason });
    closing.fail({ code, reason, cause, error });
    this.#finishReading();
    this.#sink.end();
  }

  /** The transport is gone, or given up. */
  #end(cause: "lost" | "close-timeout"): void {
    this.#finishReading();
    this.#queue?.drop();
    this.#sink.closed(this.#leaving().end(cause));
  }

  /** From here on what comes is thrown away; the transport has until the deadline to end. */
  #finishReading(): void {
    this.#deafen();
    this.#unread = undefined;
    this.#conclusion = undefined;
    this.#held = false;
    this.#inflation?.stop();
    if (this.#closeDeadline === OPEN) this.#closeDeadline = this.#now + this.#settings.timeouts.close;
  }
}

function reaches(threshold: number, data: string | Uint8Array): boolean {
  if (typeof data !== "string") return data.length >= threshold;
  // A character is three bytes at most.
  return data.length * 3 >= threshold && Buffer.byteLength(data) >= threshold;
}

function checkControl(payload: Uint8Array): void {
  if (payload.length <= MAX_CONTROL) return;
  throw new RangeError(
    `a ping or pong holds at most ${MAX_CONTROL} bytes, not ${payload.length} (RFC 6455 §5.5)`,
  );
}
