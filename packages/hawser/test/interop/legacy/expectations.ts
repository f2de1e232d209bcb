// What each wire version can carry, and what peers of the old versions are asked to carry.
import { Buffer } from "node:buffer";
import type { Capabilities, CloseFrame, CloseReport, Message, WireVersion } from "hawser";
import { UnsupportedError } from "hawser";
import { expect } from "vitest";

const MiB = 1024 * 1024;

const textOnly = { binary: false, fragments: false, ping: false, closeCode: false, compression: false };
const frames = { ...textOnly, binary: true, fragments: true, ping: true };
const codes = { ...frames, closeCode: true };

export const capabilities: Readonly<Record<WireVersion, Capabilities>> = {
  "hixie-75": textOnly,
  "hixie-76": textOnly,
  "whatwg-2010-08": textOnly,
  "hybi-01": frames,
  "hybi-02": frames,
  "hybi-03": frames,
  "hybi-04": frames,
  "hybi-05": frames,
  "hybi-06": codes,
  "hybi-07": codes,
  "hybi-08": codes,
  rfc6455: codes,
};

/** What a connection calls its version. */
export const reported = (version: WireVersion): WireVersion => (version === "hybi-03" ? "hybi-02" : version);

export const TEXTS: readonly (readonly [what: string, content: string])[] = [
  ["empty", ""],
  ["ASCII", "Hello, world!"],
  ["Chinese", "滴水之恩当以涌泉相报"],
  ["emoji", "🦊👩‍🚀🏳️‍🌈"],
  ["65,536 bytes", "0123456789abcdef".repeat(4096)],
  ["1 MiB", "é水😀!".repeat(MiB / 10)],
];
export const SIZES = [0, 1, 125, 126, 65_535, 65_536, MiB];
export const PIECES = ["滴水之恩", "", "当以涌泉相报"];

/** What peers close with: codes that every version with codes has, and every peer may send. */
export const ENDS: readonly CloseFrame[] = [
  { code: 1000, reason: "" },
  { code: 1003, reason: "because 水" },
  { code: 3000, reason: "because 水" },
  { code: 4999, reason: "" },
];

/** How a connection ends that says no code. */
export const withoutCode: Partial<CloseReport> = { code: 1005, reason: "", clean: true, cause: "close" };

/** The end that a peer saw. Where there is no reason, some have words of their own. */
export function expectEnd(
  seen: { readonly code: number | null; readonly reason?: string },
  end: CloseFrame,
): void {
  expect(seen.code).toBe(end.code);
  if (end.reason !== "") expect(seen.reason).toBe(end.reason);
}

/** Equal kinds and equal contents. */
export function expectSame(actual: Message | undefined, expected: Message): void {
  expect(typeof actual).toBe(typeof expected);
  // Not toEqual: it takes its time over a megabyte.
  const same =
    typeof expected === "string" ? actual === expected : Buffer.from(expected).equals(actual as Buffer);
  if (!same) throw new Error("the message came back another one");
}

/** Calls, and expects to hear that the version cannot do this. */
export async function expectUnsupported(version: WireVersion, call: () => unknown): Promise<void> {
  const error: unknown = await new Promise((resolve) => resolve(call())).catch((reason) => reason);
  expect(error).toBeInstanceOf(UnsupportedError);
  expect(String(error)).toContain(reported(version));
}
