// The fast path of short frames: text or binary, up to 125 bytes, unfragmented, uncompressed, whole in the chunk. Most are.
//
// Such a frame has nothing to be checked but its first two bytes, so it goes past the header object and the rules for all others:
// some 15 % of the time of an echo of 20 bytes.
import type { Buffer } from "node:buffer";

/** FIN with the opcodes of text and binary, no reserved bit (RFC 6455 §5.2). */
const WHOLE_TEXT = 0x81;
const WHOLE_BINARY = 0x82;
const MASKED = 0x80;

/** The longest payload of a short frame. */
export const LONGEST_SHORT = 125;

/** Who takes short frames. */
export interface ShortFrameHandler {
  /** Whether a message by itself may come to `short` now. */
  readonly takesShort: boolean;
  /** As `header` and `payload` of a FrameHandler at once, for a frame that is a message by itself. */
  short(text: boolean, bytes: Buffer, start: number, end: number, ascii: boolean): boolean;
}

/** How long the header of a short frame is. */
export function shortHeader(masked: boolean): number {
  return masked ? 6 : 2;
}

/** Where the frame that begins at `at` ends, if it is a short one and ends at `end` or before; 0 otherwise. */
export function shortFrameEnd(chunk: Buffer, at: number, end: number, masked: boolean): number {
  const first = chunk[at] ?? 0;
  if (first !== WHOLE_TEXT && first !== WHOLE_BINARY) return 0;
  // A mask where none may be, or none where one must be, makes the length too long for a short frame.
  const length = (chunk[at + 1] ?? 0) ^ (masked ? MASKED : 0);
  const stop = at + shortHeader(masked) + length;
  return length <= LONGEST_SHORT && stop <= end ? stop : 0;
}

/** Whether the short frame that begins at `at` is text. */
export function isShortText(chunk: Buffer, at: number): boolean {
  return chunk[at] === WHOLE_TEXT;
}
