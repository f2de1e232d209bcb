// Standard input on its way to the peer: never more of it in memory than is on its way.
import type { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { UnsupportedError } from "hawser";
import { InputError } from "./input-error.ts";
import { parseJsonLine } from "./jsonl.ts";
import { type Chunks, LineReader } from "./lines.ts";
import type { Link } from "./link.ts";

/** What sending needs of a link. */
export type SendingEnd = Pick<Link, "send" | "sendStream" | "wholeLine" | "tooLong" | "ping" | "close">;

/** The longest line of --jsonl, in bytes: it has to be in memory whole. */
const MAX_JSON_LINE = 64 * 1024 * 1024;

/**
 * The chunks of a stream, until it ends or the signal aborts, which destroys it.
 *
 * @throws InputError if it cannot be read
 */
export async function* chunksOf(
  input: Readable,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stop = () => void input.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) return;
    for await (const chunk of input) {
      yield chunk;
      // The system gives a full pipe 32 times in a row before it looks at anything else. A chunk can be 65,536 messages.
      await setImmediate();
    }
  } catch (error) {
    if (!signal.aborted) throw new InputError(`standard input cannot be read: ${messageOf(error)}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Sends each line as a text message. Resolves when all is on its way, or the connection has ended.
 *
 * @throws InputError for what is not UTF-8, and for a line that is too long for this link
 */
export async function sendLines(to: SendingEnd, chunks: Chunks): Promise<void> {
  const lines = new LineReader(chunks, to.wholeLine);
  for await (const line of lines) {
    if (typeof line !== "string" && to.tooLong !== undefined) throw onLine(lines.number, to.tooLong);
    const accepted = await (typeof line === "string" ? to.send(line) : to.sendStream("text", line));
    if (!accepted) return;
  }
}

/** Sends all bytes as one binary message, in fragments, as they are read. No bytes are no message. */
export async function sendBytes(to: SendingEnd, chunks: Chunks): Promise<void> {
  const source = chunks[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done === true) return;
  await to.sendStream("binary", startingWith(first.value, source));
}

/**
 * Does what the lines of `--jsonl` ask for. Resolves when all is on its way, or the connection has ended.
 *
 * @param onPong hears the round trip of each ping, in milliseconds; resolves with false when nobody reads any more
 * @throws InputError for a line that is wrong, with its number
 */
export async function sendJsonLines(
  to: SendingEnd,
  chunks: Chunks,
  onPong: (milliseconds: number) => Promise<boolean>,
): Promise<void> {
  const lines = new LineReader(chunks, MAX_JSON_LINE);
  for await (const line of lines) {
    try {
      if (typeof line !== "string") throw new InputError(`longer than ${MAX_JSON_LINE / 2 ** 20} MiB`);
      if (!(await doRequest(to, line, onPong))) return;
    } catch (error) {
      if (isAboutInput(error)) throw onLine(lines.number, error.message);
      throw error;
    }
  }
}

/** A close code that may not be sent, and what the version has no form for, are errors of the library. */
function isAboutInput(error: unknown): error is Error {
  return error instanceof InputError || error instanceof RangeError || error instanceof UnsupportedError;
}

/** Returns whether there may be more. */
async function doRequest(
  to: SendingEnd,
  line: string,
  onPong: (milliseconds: number) => Promise<boolean>,
): Promise<boolean> {
  const request = parseJsonLine(line);
  if (request === undefined) return true;
  if ("send" in request) return to.send(request.send);
  if ("ping" in request) {
    // One after the other: answers that nobody reads must not pile up.
    const roundTrip = await to.ping(request.ping);
    return roundTrip !== undefined && onPong(roundTrip);
  }
  to.close(request.close.code, request.close.reason);
  return false;
}

async function* startingWith<Item>(
  first: Item,
  rest: AsyncIterator<Item, unknown, undefined>,
): AsyncGenerator<Item, void, undefined> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function onLine(number: number, message: string): InputError {
  return new InputError(`line ${number} of the input: ${message}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
