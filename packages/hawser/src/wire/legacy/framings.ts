// Every wire version by its name, and its framing.
import type { Buffer } from "node:buffer";
import type { Framing } from "../framing.ts";
import { rfc6455 } from "../rfc6455/framing.ts";
import type { WireVersion } from "../wire.ts";
import { hixie75 } from "./hixie-75.ts";
import { hixie76 } from "./hixie-76.ts";
import { hybi01, hybi02 } from "./hybi-01.ts";
import { hybi04 } from "./hybi-04.ts";
import { hybi05 } from "./hybi-05.ts";
import { hybi06 } from "./hybi-06.ts";
import { hybi07 } from "./hybi-07.ts";
import { hybi08 } from "./hybi-08.ts";
import { whatwg201008 } from "./whatwg-2010-08.ts";

/** Every version there is, the newest first: `serve({ versions: allVersions, ambiguous: "hixie-76" })`. */
export const allVersions: readonly WireVersion[] = Object.freeze([
  "rfc6455",
  "hybi-08",
  "hybi-07",
  "hybi-06",
  "hybi-05",
  "hybi-04",
  "hybi-03",
  "hybi-02",
  "hybi-01",
  "whatwg-2010-08",
  "hixie-76",
  "hixie-75",
]);

/** Makes the twenty bytes with which hybi-04 masks one frame, from the four before it. */
export type FrameKey = (nonce: Buffer) => Uint8Array;

const framings: Readonly<Record<Exclude<WireVersion, "hybi-04">, Framing>> = {
  rfc6455,
  "hybi-08": hybi08,
  "hybi-07": hybi07,
  "hybi-06": hybi06,
  "hybi-05": hybi05,
  "hybi-03": hybi02,
  "hybi-02": hybi02,
  "hybi-01": hybi01,
  "whatwg-2010-08": whatwg201008,
  "hixie-76": hixie76,
  "hixie-75": hixie75,
};

/**
 * The framing of a version.
 *
 * @param frameKey what hybi-04 needs of its handshake
 * @throws TypeError for hybi-04 without it
 */
export function framingOf(version: WireVersion, frameKey?: FrameKey): Framing {
  if (version !== "hybi-04") return framings[version];
  if (frameKey === undefined)
    throw new TypeError("hybi-04 masks with keys of its handshake: frameKey is missing");
  return hybi04(frameKey);
}
