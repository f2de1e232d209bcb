// AnswerBody: the body of an answer that is no 101, read as far as is wanted (RFC 9112 §6.3).
import { Buffer } from "node:buffer";
import { GatheredBytes } from "./gathered-bytes.ts";
import type { AnswerHead } from "./head.ts";

/** How the end of the body is found. */
type Framing = "chunked" | "length" | "until-end";

/** Longer size lines are no size lines: 2^32 has eight digits, and extensions are rare. */
const LONGEST_SIZE_LINE = 256;

/**
 * Reads a body that explains a refusal. What it holds is for people: a body that is malformed or over the limit counts as
 * complete where it stops making sense, and is no error of its own.
 */
export class AnswerBody {
  readonly #framing: Framing;
  readonly #limit: number;
  readonly #gathered = new GatheredBytes();
  /** Bytes of the body, or of the current chunk, still to come. */
  #left = 0;
  #sizeLine: string | undefined;
  #complete = false;

  /** @param limit how many bytes to keep; the body counts as complete once there are so many */
  constructor(head: AnswerHead, limit: number) {
    const { status, headers } = head;
    this.#limit = limit;
    this.#framing = "until-end";
    const coding = headers.get("transfer-encoding");
    const length = headers.get("content-length");
    if (status === 101 || status === 204 || status === 304) {
      this.#complete = true;
    } else if (coding !== undefined) {
      if (/(?:^|,)[ \t]*chunked$/i.test(coding)) {
        this.#framing = "chunked";
        this.#sizeLine = "";
      }
    } else if (length !== undefined && /^\d+$/.test(length)) {
      this.#framing = "length";
      this.#left = Number(length);
      this.#complete = this.#left === 0;
    }
  }

  /** Nothing more is wanted. */
  get complete(): boolean {
    return this.#complete;
  }

  /** What came, as UTF-8. */
  get text(): string {
    return this.#gathered.bytes.toString("utf8");
  }

  /** Takes the next bytes, which are ours from now on. */
  read(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && !this.#complete) {
      rest = this.#framing === "chunked" && this.#left === 0 ? this.#readSizeLine(rest) : this.#keep(rest);
    }
  }

  #keep(bytes: Buffer): Buffer {
    const room = this.#limit - this.#gathered.bytes.length;
    const here = this.#framing === "until-end" ? bytes.length : Math.min(bytes.length, this.#left);
    const kept = Math.min(here, room);
    // Copied: the first piece of a small body is not to hold on to the whole chunk.
    if (kept > 0) this.#gathered.append(Buffer.from(bytes.subarray(0, kept)));
    this.#left -= kept;
    this.#complete = kept === room || (this.#framing === "length" && this.#left === 0);
    if (this.#framing === "chunked" && this.#left === 0) this.#sizeLine = undefined;
    return bytes.subarray(kept);
  }

  /** RFC 9112 §7.1: the end of the last chunk's line, then the size of the next in hexadecimal. */
  #readSizeLine(bytes: Buffer): Buffer {
    const end = bytes.indexOf(0x0a);
    const line = bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
    if (this.#sizeLine === undefined) {
      // Only the CR LF behind a chunk may stand here.
      if (!/^\r?$/.test(line)) this.#complete = true;
      else if (end >= 0) this.#sizeLine = "";
      return end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(end + 1);
    }
    this.#sizeLine += line;
    if (end < 0) {
      this.#complete = this.#sizeLine.length > LONGEST_SIZE_LINE;
      return bytes.subarray(bytes.length);
    }
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;[^\r]*)?\r$/i.exec(this.#sizeLine)?.[1];
    this.#left = Number.parseInt(size ?? "0", 16);
    this.#complete = this.#left === 0;
    return bytes.subarray(end + 1);
  }
}
