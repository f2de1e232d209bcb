// --version: what the wire versions before RFC 6455 cannot carry, as far as it matters before there is a connection.
import type { WireVersion } from "hawser";
import { versionNumbers } from "hawser/handshake";

/** Text in whole messages, and nothing else. `can` of a connection says the same, and a test holds both together. */
const textOnly: ReadonlySet<WireVersion> = new Set<WireVersion>(["hixie-75", "hixie-76", "whatwg-2010-08"]);

/** The drafts with close codes, and without 1011. */
const oldCodes: ReadonlySet<WireVersion> = new Set<WireVersion>(["hybi-06", "hybi-07", "hybi-08"]);

/** Whether there are pings in this version. */
export function hasPing(version: WireVersion): boolean {
  return !textOnly.has(version);
}

/** Whether there is binary in this version. */
export function hasBinary(version: WireVersion): boolean {
  return !textOnly.has(version);
}

/** What says to the peer that it did not get all that was meant for it: 1011, or the nearest that there is. */
export function giveUpCode(version: WireVersion): number {
  if (version === "rfc6455") return 1011;
  return oldCodes.has(version) ? 1002 : 1000;
}

/** The versions that a Sec-WebSocket-Version names: those that a server speaks, in its answer. */
export function versionsIn(header: string): readonly WireVersion[] {
  return header.split(",").flatMap((number) => versionNumbers.get(number.trim()) ?? []);
}
