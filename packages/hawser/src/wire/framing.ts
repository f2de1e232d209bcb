// What differs between wire versions: messages to bytes, bytes to messages, and what a Close can say. The machine is the same for all.
import type { Buffer } from "node:buffer";
import type { SharedBytes } from "./encoded.ts";
import type { Limits } from "./limits.ts";
import type { MessageHandler } from "./rfc6455/assembler.ts";
import type { Capabilities, CloseFrame, Kind, Output, Role, WireVersion } from "./wire.ts";

/** Gives four unpredictable bytes for each frame that is masked; undefined where frames are plain. */
export type MaskKey = (() => number) | undefined;

/** What a reader of messages has to know. */
export interface ReaderSettings {
  readonly role: Role;
  readonly accepts: Kind | undefined;
  readonly limits: Pick<Limits, "message">;
}

/** Reads the messages of one connection, from when bytes come until it is at rest. */
export interface Reader {
  readonly decoder: {
    /** Part of a frame has come, and part of it has not. */
    readonly inFrame: boolean;
    /**
     * Reads `chunk` from `from` on. Throws ProtocolError and LimitError.
     *
     * @returns where it stopped: what lies behind is to be handed in again, before any other chunk
     */
    decode(chunk: Buffer, from: number): number;
  };
  /** Nothing is kept of what was read: neither a frame nor a message is under way. */
  readonly atRest: boolean;
  /** Whoever it read for needs it no more. Only `atRest`. */
  giveBack(): void;
}

/** The framing of one wire version. Frames are named by the first byte that RFC 6455 §5.2 gives them. */
export interface Framing {
  readonly version: WireVersion;
  readonly can: Capabilities;
  /** There is no Close: the end of the transport stands for it. */
  readonly endsWithTransport: boolean;

  reader(settings: ReaderSettings, deflate: boolean, handler: MessageHandler): Reader;

  /** Writes one text message in one frame. Lone surrogates go out as U+FFFD. */
  encodeText(output: Output, maskKey: MaskKey, text: string): void;
  /** Writes one frame. A large payload of a server is not copied: it belongs to the output from now on. */
  encodeFrame(output: Output, maskKey: MaskKey, first: number, payload: Uint8Array): void;
  /** One whole message in one frame, for one connection. */
  encodeMessage(data: string | Uint8Array, maskKey: MaskKey): Buffer;
  /** One whole message in one plain frame, for many connections. */
  sharedMessage(data: string | Uint8Array): SharedBytes;

  /**
   * Checks what an application wants to close with.
   *
   * @throws TypeError or RangeError for what is no code or reason at all; UnsupportedError for what this version cannot carry
   */
  checkClose(code: unknown, reason: unknown): void;
  /** The nearest that this version can say. */
  fitClose(frame: CloseFrame): CloseFrame;
  /** The payload of a Close that is no answer. */
  printClose(frame: CloseFrame, role: Role): Buffer;
  /** What the payload of a Close says. Throws ProtocolError. */
  parseClose(payload: Buffer): CloseFrame;
}
