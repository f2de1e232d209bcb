// What does not go straight to the encoder: messages to be compressed, messages in fragments, and all that waits behind them.
//
// Messages keep their order, and frames of two of them do not mix (RFC 6455 §5.4); a Close waits behind what was sent before it.
// Pings and pongs do not come this way: they may go between any two frames.
import { Buffer } from "node:buffer";
import type { Codec, DeflateOwner } from "../codec.ts";
import type { Encoded, SharedWaiter } from "../encoded.ts";
import type { Framing, MaskKey } from "../framing.ts";
import type { Kind, Sink } from "../wire.ts";
import { RSV1 } from "./decoder.ts";
import { firstByte } from "./encoder.ts";
import { headerSize } from "./frame-header.ts";
import { Opcode } from "./opcode.ts";
import { apart } from "./shared-frame.ts";

/** A message that waits; text not yet encoded, bytes of the queue's own. */
interface WaitingMessage {
  readonly type: "message";
  readonly opcode: number;
  /** Empty once the codec has it. */
  data: string | Uint8Array;
  readonly size: number;
  readonly compress: boolean;
}

/** A frame that holds a message, for many connections. */
interface WaitingFrame {
  readonly type: "frame";
  readonly message: Encoded;
}

/** A message in fragments, from its first to its last. */
interface Stream {
  readonly type: "stream";
  readonly compress: boolean;
  /** The opcode of the next fragment, with RSV1 if it is the first of a compressed message (RFC 7692 §6.1). */
  next: number;
  readonly pieces: { readonly bytes: Uint8Array; readonly final: boolean }[];
  /** No more pieces will come. */
  ended: boolean;
}

type Waiting =
  | WaitingMessage
  | WaitingFrame
  | Stream
  | { readonly type: "close"; readonly payload: Uint8Array }
  | { readonly type: "end" };

/** Sends what it can, and keeps the rest in order. */
export class OutgoingQueue implements DeflateOwner, SharedWaiter {
  /** Bytes that wait, those included that never went out. */
  queued = 0;
  /** Of those, bytes behind a message in fragments that has not ended: they wait for the application. */
  #behind = 0;
  readonly codec: Codec | undefined;
  readonly #sink: Sink;
  readonly #maskKey: MaskKey;
  readonly #framing: Framing;
  #waiting: Waiting[] | undefined;
  /** The message in fragments that has not ended; it is among those that wait. */
  #open: Stream | undefined;
  /** The first that waits is being compressed. */
  #compressing = false;

  constructor(
    sink: Sink,
    { maskKey, framing }: { readonly maskKey: MaskKey; readonly framing: Framing },
    codec: Codec | undefined,
  ) {
    this.#sink = sink;
    this.#maskKey = maskKey;
    this.#framing = framing;
    this.codec = codec;
  }

  /** Nothing waits, and no message is in the middle of its fragments. */
  get idle(): boolean {
    return this.#waiting === undefined;
  }

  /** Bytes that go on their way without the application's doing. */
  get moving(): number {
    return this.queued - this.#behind;
  }

  // What is to be sent.

  text(text: string, compress: boolean): void {
    const { idle } = this;
    if (idle && this.#sendText(text, compress)) return;
    const size = Buffer.byteLength(text);
    this.#wait({ type: "message", opcode: Opcode.text, data: idle ? "" : text, size, compress });
  }

  /** A binary message, or a whole one of text that is bytes already. */
  bytes(opcode: number, bytes: Uint8Array, compress: boolean): void {
    const { idle } = this;
    if (idle && this.#sendBytes(opcode, bytes, compress)) return;
    // The application may do with its bytes what it likes, as with those that went into a slab.
    const data = idle ? "" : new Uint8Array(bytes);
    this.#wait({ type: "message", opcode, data, size: bytes.length, compress });
  }

  frame(message: Encoded): void {
    if (this.idle && this.#sendFrame(message)) return;
    // It may wait as long as the stream before it lasts.
    this.#wait({ type: "frame", message: "memory" in message ? apart(message) : message });
  }

  fragment(kind: Kind, bytes: Uint8Array, final: boolean, compress: boolean): void {
    const opcode = kind === "text" ? Opcode.text : Opcode.binary;
    if (this.#open === undefined && final) {
      this.bytes(opcode, bytes, compress);
      return;
    }
    const stream = this.#open ?? this.#begin(opcode, compress && this.codec !== undefined);
    const turn = this.#waiting?.[0] === stream && !this.#compressing;
    stream.pieces.push({ bytes: turn ? bytes : new Uint8Array(bytes), final });
    this.queued += costOf(bytes.length);
    if (final) this.#end(stream);
    if (turn) this.#advance();
  }

  /** A Close behind everything that can still go out; what waits behind a message in fragments cannot. */
  close(payload: Uint8Array): void {
    if (this.#open !== undefined) {
      const stream = this.#open;
      this.#waiting?.splice(this.#waiting.indexOf(stream) + 1);
      stream.ended = true;
      this.#open = undefined;
    }
    this.#waiting ??= [];
    this.#waiting.push({ type: "close", payload });
    this.#advance();
  }

  /** The end of the transport, behind everything. */
  end(): void {
    if (this.#waiting === undefined) this.#sink.end();
    else this.#waiting.push({ type: "end" });
  }

  /** Nothing that waits will go out. Returns the body of a Close that is among it. */
  drop(): Uint8Array | undefined {
    const close = this.#waiting?.find((entry) => entry.type === "close");
    this.#waiting = undefined;
    this.#open = undefined;
    this.#compressing = false;
    this.#behind = this.queued;
    this.codec?.stopDeflating(this);
    return close?.payload;
  }

  // What was waited for.

  deflated(result: Uint8Array): void {
    this.#compressing = false;
    const first = this.#waiting?.[0];
    if (first?.type === "message") {
      this.#writeMessage(first.opcode, result, result.length < first.size);
      this.queued -= costOf(first.size);
      this.#shift(1);
    }
    if (first?.type === "stream") this.#writePiece(first, result);
    this.#goOn();
  }

  sharedReady(): void {
    if (this.#waiting !== undefined) this.#goOn();
  }

  #goOn(): void {
    this.#advance();
    this.#sink.deflated?.();
  }

  // Keeping order.

  #begin(opcode: number, compress: boolean): Stream {
    const next = compress ? opcode | RSV1 : opcode;
    const stream: Stream = { type: "stream", compress, next, pieces: [], ended: false };
    this.#waiting ??= [];
    this.#waiting.push(stream);
    this.#open = stream;
    return stream;
  }

  #end(stream: Stream): void {
    stream.ended = true;
    this.#open = undefined;
    this.#behind = 0;
  }

  #wait(entry: WaitingMessage | WaitingFrame): void {
    const cost = costOfEntry(entry);
    this.queued += cost;
    if (this.#open !== undefined) this.#behind += cost;
    this.#waiting ??= [];
    this.#waiting.push(entry);
  }

  /** Sends what waits, until something has to wait on. */
  #advance(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#compressing) return;
    let sent = 0;
    for (const entry of waiting) {
      if (!this.#send(entry)) break;
      sent += 1;
    }
    this.#shift(sent);
  }

  #shift(count: number): void {
    this.#waiting?.splice(0, count);
    if (this.#waiting?.length === 0) this.#waiting = undefined;
  }

  #send(entry: Waiting): boolean {
    if (entry.type === "stream") return this.#sendPieces(entry);
    if (entry.type === "close") {
      this.#frame(firstByte(Opcode.close, true), entry.payload);
      return true;
    }
    if (entry.type === "end") {
      this.#sink.end();
      return true;
    }
    const sent = entry.type === "frame" ? this.#sendFrame(entry.message) : this.#sendMessage(entry);
    if (sent) this.queued -= costOfEntry(entry);
    else if (entry.type === "message") entry.data = "";
    return sent;
  }

  // One at a time.

  #sendMessage(entry: WaitingMessage): boolean {
    const { opcode, data, compress } = entry;
    return typeof data === "string"
      ? this.#sendText(data, compress)
      : this.#sendBytes(opcode, data, compress);
  }

  #sendText(text: string, compress: boolean): boolean {
    const { codec } = this;
    // A character is three bytes at most.
    if (codec !== undefined && compress && text.length * 3 >= codec.threshold) {
      return this.#sendBytes(Opcode.text, Buffer.from(text), true);
    }
    this.#framing.encodeText(this.#sink, this.#maskKey, text);
    return true;
  }

  #sendBytes(opcode: number, bytes: Uint8Array, compress: boolean): boolean {
    const { codec } = this;
    if (codec === undefined || !compress || bytes.length < codec.threshold) {
      this.#writeMessage(opcode, bytes, false);
      return true;
    }
    const result = codec.deflate(bytes, this);
    this.#compressing = result === undefined;
    if (result !== undefined) this.#writeMessage(opcode, result, result.length < bytes.length);
    return result !== undefined;
  }

  #sendFrame(message: Encoded): boolean {
    if ("memory" in message) {
      this.#sink.writeShared(message);
      return true;
    }
    if (message.frame === undefined) {
      message.wait(this);
      return false;
    }
    this.#sink.writeShared(message.frame);
    if (message.compressed) this.codec?.sentShared(message.plain);
    return true;
  }

  /** Returns whether that was the last of them. */
  #sendPieces(stream: Stream): boolean {
    for (let piece = stream.pieces[0]; piece !== undefined; piece = stream.pieces[0]) {
      const result = stream.compress ? this.codec?.deflatePiece(piece.bytes, piece.final, this) : piece.bytes;
      this.#compressing = result === undefined;
      if (result === undefined) return false;
      this.#writePiece(stream, result);
    }
    return stream.ended;
  }

  #writeMessage(opcode: number, bytes: Uint8Array, compressed: boolean): void {
    this.#frame(firstByte(opcode, true) | (compressed ? RSV1 : 0), bytes);
  }

  #frame(first: number, payload: Uint8Array): void {
    this.#framing.encodeFrame(this.#sink, this.#maskKey, first, payload);
  }

  #writePiece(stream: Stream, bytes: Uint8Array): void {
    for (const piece of stream.pieces.splice(0, 1)) {
      this.#frame(firstByte(stream.next, piece.final), bytes);
      this.queued -= costOf(piece.bytes.length);
    }
    stream.next = Opcode.continuation;
  }
}

/** With its header, as on the wire: a thousand empty messages are not free. */
function costOf(size: number): number {
  return size + headerSize(size, false);
}

function costOfEntry(entry: WaitingMessage | WaitingFrame): number {
  if (entry.type === "message") return costOf(entry.size);
  const { message } = entry;
  return "memory" in message ? message.end - message.start : costOf(message.plain.length);
}
