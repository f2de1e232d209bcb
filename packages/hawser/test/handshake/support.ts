// What the tests of the handshake share: requests to spoil, and a way to look at a refusal.
import { Buffer } from "node:buffer";
import { expect } from "vitest";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import {
  type AnswerRead,
  AnswerReader,
  type HeadRead,
  HeadReader,
  type RequestHead,
} from "../../src/handshake/head.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";

export const limits = { head: 16 * 1024, headers: 100 };

/** The key of RFC 6455 §1.3, and its answer. */
export const sampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
export const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The lines of a good handshake. */
const goodLines: readonly (readonly [string, string])[] = [
  ["Host", "server.example.com"],
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Key", sampleKey],
  ["Sec-WebSocket-Version", "13"],
];

/** A good handshake with some lines replaced, taken out (undefined) or repeated (an array), and others added. */
export function request(
  changes: Record<string, string | readonly string[] | undefined> = {},
  start: Partial<Omit<RequestHead, "headers">> = {},
): RequestHead {
  const headers = new HeaderList(changed(goodLines, changes));
  return { method: "GET", target: "/chat", version: "1.1", ...start, headers };
}

function changed(
  lines: readonly (readonly [string, string])[],
  changes: Record<string, string | readonly string[] | undefined>,
): readonly (readonly [string, string])[] {
  const rest = lines.filter(([name]) => !Object.keys(changes).includes(name));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  return [...rest, ...added];
}

/** The lines of a good answer to `sampleKey`. */
const goodAnswer: readonly (readonly [string, string])[] = [
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Accept", sampleAccept],
];

/** The bytes of a good answer, changed as `request` is. */
export function answer(
  changes: Record<string, string | readonly string[] | undefined> = {},
  statusLine = "HTTP/1.1 101 Switching Protocols",
): Buffer {
  const lines = changed(goodAnswer, changes).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from([statusLine, ...lines, "", ""].join("\r\n"), "latin1");
}

/** Gives chunks to a reader of answers, one after the other. */
export function readAnswer(chunks: readonly Buffer[], given: typeof limits = limits): AnswerRead | undefined {
  const reader = new AnswerReader(given);
  for (const chunk of chunks) {
    const read = reader.read(chunk);
    if (read !== undefined) return read;
  }
  return undefined;
}

/** For fast-check: as many runs, the same each time. */
export function runs(numRuns: number): { readonly seed: number; readonly numRuns: number } {
  return { seed: 6455, numRuns };
}

/** A HandshakeError laid open, its header lines as pairs. */
interface Refusal extends Omit<HandshakeError, "headers"> {
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What a function throws, which must be a HandshakeError. */
export function refusalOf(action: () => unknown): Refusal {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(HandshakeError);
    if (error instanceof HandshakeError) {
      const { name, message, code, status, body, rule, cause } = error;
      return { name, message, code, status, body, rule, cause, headers: [...error.headers] };
    }
  }
  throw new Error("nothing was refused");
}

/** Gives the pieces of `text` to a reader, one after the other. */
export function readPieces(pieces: readonly string[], given: typeof limits = limits): HeadRead | undefined {
  const reader = new HeadReader(given);
  for (const piece of pieces) {
    const read = reader.read(Buffer.from(piece, "latin1"));
    if (read !== undefined) return read;
  }
  return undefined;
}
