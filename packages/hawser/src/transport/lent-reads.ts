// Lent reads: TCP sockets of clients, read through the documented `onread` into memory that all of them share.
//
// A read fills the memory and is dealt with before the loop goes on, so one piece serves every socket of the thread: no chunk
// is allocated, nothing passes through the stream's own buffer, and an idle connection holds no memory to read into.
import { Buffer } from "node:buffer";
import type { OnReadOpts } from "node:net";

/** What one read can bring: as much as libuv asks for at once. */
const size = 64 * 1024;

let shared: Buffer | undefined;

/** Who is lent what a socket reads. */
export interface LentReader {
  /** The bytes are good until this returns. */
  streamLent(bytes: Buffer): void;
}

/** The reads of one socket: give `onread` to `net.connect`, and the socket, paused from the start, to a `DuplexTransport`. */
export class LentReads {
  reader: LentReader | undefined;
  readonly onread: OnReadOpts;

  constructor() {
    const memory = shared ?? Buffer.allocUnsafeSlow(size);
    shared = memory;
    this.onread = {
      buffer: memory,
      callback: (count) => {
        this.reader?.streamLent(memory.subarray(0, count));
        return true;
      },
    };
  }
}
