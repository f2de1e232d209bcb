// Frames for many connections, laid one behind another in memory: what a turn broadcasts goes to each of them in one piece.
//
// Whoever sends several of them in a row sees that they adjoin, and copies nothing: a turn that brings sixteen messages to a
// thousand subscribers would else put them together a thousand times.
import { Buffer } from "node:buffer";
import type { SharedBytes } from "../encoded.ts";

/** Larger frames have memory of their own: there a piece more in the write costs less than what the others would be kept for. */
const ADJOINING = 1024;
/** A peer that is slow to take one frame keeps all of this. */
const MEMORY = 16 * 1024;

let memory = Buffer.alloc(0);
let used = 0;

/** Memory for one frame. It is written by the caller, now, and by nobody afterwards. */
export function sharedRoom(size: number): SharedBytes {
  if (size > ADJOINING) return { memory: Buffer.allocUnsafeSlow(size), start: 0, end: size };
  if (used + size > memory.length) {
    memory = Buffer.allocUnsafeSlow(MEMORY);
    used = 0;
  }
  const start = used;
  used += size;
  return { memory, start, end: used };
}

/** The frame in memory of its own, to be kept for as long as a peer, or an application, likes. */
export function apart(frame: SharedBytes): SharedBytes {
  const size = frame.end - frame.start;
  if (size === frame.memory.length) return frame;
  const memory = Buffer.allocUnsafeSlow(size);
  frame.memory.copy(memory, 0, frame.start, frame.end);
  return { memory, start: 0, end: size };
}
