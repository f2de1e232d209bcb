// --jsonl: one JSON object on each line, in both directions, so that nothing of a message is lost on a pipe.
import { Buffer } from "node:buffer";
import type { CloseReport, WireVersion } from "hawser";
import { escapedJson } from "../terminal/printable.ts";
import { InputError } from "./input-error.ts";

/** What a line of input asks for; undefined for a line that asks for nothing. */
export type JsonRequest =
  | { readonly send: string | Uint8Array }
  | { readonly ping: string }
  | { readonly close: { readonly code: number; readonly reason: string } }
  | undefined;

/** What a line of output tells beside messages. */
export interface JsonEvents {
  readonly open: { readonly url: string; readonly subprotocol: string; readonly version: WireVersion };
  readonly pong: { readonly milliseconds: number };
  /** `delay` in milliseconds; `reason` in words. */
  readonly reconnecting: { readonly attempt: number; readonly delay: number; readonly reason: string };
  readonly closed: Pick<CloseReport, "code" | "reason" | "clean" | "initiator" | "cause">;
}

/** The lines of output that tell something, which may be given back as input: they are passed over. */
const eventNames: ReadonlySet<string> = new Set<keyof JsonEvents>(["open", "pong", "reconnecting", "closed"]);

const shapes =
  '{"text": "…"}, {"binary": "<base64>"}, {"ping": "…"} or {"close": {"code": 1000, "reason": "…"}}';

/** A message as a line, without the newline. */
export function messageLine(message: string | Uint8Array): string {
  if (typeof message === "string") return escapedJson(JSON.stringify({ text: message }));
  const { buffer, byteOffset, byteLength } = message;
  return `{"binary":"${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}"}`;
}

/** An event as a line, without the newline. */
export function eventLine(event: Partial<JsonEvents>): string {
  return escapedJson(JSON.stringify(event));
}

/**
 * What a line of input asks for. An empty line asks for nothing, nor does a line of our own output that is no message.
 *
 * @throws InputError for anything else, without the number of the line
 */
export function parseJsonLine(line: string): JsonRequest {
  if (line.trim() === "") return undefined;
  const [name, value] = onlyMember(line);
  switch (name) {
    case "text":
      return { send: textOf(name, value) };
    case "binary":
      return { send: bytesOf(textOf(name, value)) };
    case "ping":
      return { ping: pingOf(textOf(name, value)) };
    case "close":
      return { close: closeOf(value) };
    default:
      if (eventNames.has(name)) return undefined;
      throw new InputError(`${JSON.stringify(name)} is no request; there are ${shapes}`);
  }
}

function onlyMember(line: string): readonly [name: string, value: unknown] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new InputError(`not JSON; a line is ${shapes}`);
  }
  const members = isObject(value) ? Object.entries(value) : [];
  const [member] = members;
  if (member === undefined || members.length > 1) {
    throw new InputError(`not an object with one member; a line is ${shapes}`);
  }
  return member;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(name: string, value: unknown): string {
  if (typeof value !== "string") throw new InputError(`the value of "${name}" must be a string`);
  // JSON can spell halves of surrogate pairs, UTF-8 cannot carry them.
  if (/\p{Cs}/u.test(value)) throw new InputError(`the value of "${name}" holds half of a surrogate pair`);
  return value;
}

function bytesOf(base64: string): Uint8Array {
  // Buffer.from passes over what is no base64: it would send something else than was meant.
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new InputError('the value of "binary" must be base64 with its padding');
  }
  return Buffer.from(base64, "base64");
}

function pingOf(payload: string): string {
  if (Buffer.byteLength(payload) > 125)
    throw new InputError('the value of "ping" must be at most 125 bytes long');
  return payload;
}

function closeOf(value: unknown): { code: number; reason: string } {
  if (!isObject(value))
    throw new InputError('the value of "close" must be an object, with a code and a reason or without');
  const { code = 1000, reason = "", ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new InputError(`"close" has a code and a reason, not ${JSON.stringify(unknown)}`);
  if (typeof code !== "number" || typeof reason !== "string") {
    throw new InputError('the code in "close" must be a number, the reason a string');
  }
  return { code, reason };
}
