// AnswerBody: the body of an answer that is no 101, read as far as is wanted (RFC 9112 §6.3).
import { Buffer } from "node:buffer";
import { GatheredBytes } from "./gathered-bytes.ts";
import type { AnswerHead } from "./head.ts";

/** How the end of the body is found. */
interface Framing {
  readonly chunked: boolean;
  /** Bytes up to the end of the body, or to the first line between chunks; Infinity where the end of the connection is the body's. */
  readonly length: number;
}

/** What a line of a chunked body is: the size of the next chunk, or the empty end of the last one. */
type Line = "size" | "end";

/** Longer size lines are no size lines: 2^32 has eight digits, and extensions are rare. */
const LONGEST_LINE = 256;

/**
 * Reads a body that explains a refusal. What it holds is for people: a body that is malformed or over the limit counts as
 * complete where it stops making sense, and is no error of its own.
 */
export class AnswerBody {
  readonly #chunked: boolean;
  readonly #limit: number;
  readonly #gathered = new GatheredBytes();
  /** Bytes of the body, or of the current chunk, still to come. */
  #left: number;
  /** The line of a chunked body that comes next, or has come in part. */
  #line: Line = "size";
  #lineSoFar = "";
  #complete: boolean;

  /** @param limit how many bytes to keep; the body counts as complete once there are so many */
  constructor(head: Pick<AnswerHead, "status" | "headers">, limit: number) {
    const { chunked, length } = framingOf(head);
    this.#limit = limit;
    this.#chunked = chunked;
    this.#left = length;
    this.#complete = !chunked && length === 0;
  }

  /** Nothing more is wanted. A body that only the end of the connection ends is complete at the limit alone. */
  get complete(): boolean {
    return this.#complete;
  }

  /** What came, as UTF-8. */
  get text(): string {
    return this.#gathered.bytes.toString("utf8");
  }

  /** Takes the next bytes, and copies what it keeps of them. */
  read(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && !this.#complete)
      rest = this.#left === 0 ? this.#readLine(rest) : this.#keep(rest);
  }

  /** Keeps bytes of the body, as many as come and are wanted, and gives those behind them. */
  #keep(bytes: Buffer): Buffer {
    const room = this.#limit - this.#gathered.bytes.length;
    const kept = Math.min(bytes.length, this.#left, room);
    // Copied: the first piece of a small body is not to hold on to the whole chunk.
    if (kept > 0) this.#gathered.append(Buffer.from(bytes.subarray(0, kept)));
    this.#left -= kept;
    this.#complete = kept === room || (!this.#chunked && this.#left === 0);
    return bytes.subarray(kept);
  }

  /** RFC 9112 §7.1: before a chunk its size in hexadecimal, and behind it an empty line. */
  #readLine(bytes: Buffer): Buffer {
    const feed = bytes.indexOf(0x0a);
    const end = feed < 0 ? bytes.length : feed;
    // No more than says that it is too long.
    this.#lineSoFar += bytes.toString("latin1", 0, Math.min(end, LONGEST_LINE + 1));
    if (this.#lineSoFar.length > LONGEST_LINE) this.#complete = true;
    else if (feed >= 0) this.#endLine();
    return bytes.subarray(end + 1);
  }

  #endLine(): void {
    const line = this.#lineSoFar;
    this.#lineSoFar = "";
    if (this.#line === "end") {
      this.#line = "size";
      this.#complete = line !== "\r";
      return;
    }
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;[^\r]*)?\r$/i.exec(line)?.[1] ?? "0";
    this.#left = Number.parseInt(size, 16);
    this.#line = "end";
    this.#complete = this.#left === 0;
  }
}

/** RFC 9112 §6.3. */
function framingOf({ status, headers }: Pick<AnswerHead, "status" | "headers">): Framing {
  // These have no body, whatever their headers say.
  if (status === 101 || status === 204 || status === 304) return { chunked: false, length: 0 };
  const coding = headers.get("transfer-encoding");
  if (coding !== undefined && /(?:^|,)[ \t]*chunked$/i.test(coding)) return { chunked: true, length: 0 };
  const length = headers.get("content-length") ?? "";
  if (coding === undefined && /^\d+$/.test(length)) return { chunked: false, length: Number(length) };
  return { chunked: false, length: Number.POSITIVE_INFINITY };
}
