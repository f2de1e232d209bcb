// What a server asks for when it says "come back later": seconds or a date in an answer, seconds in a close reason.
import type { HeaderList } from "../../handshake/header-list.ts";

/** No server parks a client for longer than ten minutes, in milliseconds: whoever would like to can go on refusing. */
export const longestHint: number = 600_000;

/** The three forms of a date in HTTP (RFC 9110 §5.6.7) begin with the day of the week; only the last does not name its zone. */
const zonedDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, .* GMT$/;
const asctimeDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} /;

const inReason = /\bretry[-_ ]?after["']?\s*[:=]\s*(\d+(?:\.\d+)?)/i;

/**
 * Reads Retry-After (RFC 9110 §10.2.3): seconds, or a date.
 *
 * A date is measured from the answer's own Date, so that a clock that is wrong here does no harm.
 *
 * @param wallClock the time of day in milliseconds since 1970, for an answer without a Date
 * @returns milliseconds, at most `longestHint`; undefined if there is none, or one that makes no sense
 */
export function hintOfAnswer(headers: HeaderList, wallClock: number = Date.now()): number | undefined {
  const [value] = headers.all("retry-after");
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return bounded(Number(value) * 1000);
  const at = parseDate(value);
  if (at === undefined) return undefined;
  return bounded(at - (parseDate(headers.get("date") ?? "") ?? wallClock));
}

/**
 * Reads `retry-after=5` or `Retry-After: 2.5` in a close reason, wherever it stands there: seconds.
 *
 * @returns milliseconds, at most `longestHint`; undefined if there is none
 */
export function hintOfReason(reason: string): number | undefined {
  const seconds = inReason.exec(reason)?.[1];
  return seconds === undefined ? undefined : bounded(Number(seconds) * 1000);
}

function bounded(ms: number): number {
  return Math.min(Math.max(0, ms), longestHint);
}

function parseDate(value: string): number | undefined {
  const text = asctimeDate.test(value) ? `${value} GMT` : value;
  if (!zonedDate.test(value) && text === value) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
