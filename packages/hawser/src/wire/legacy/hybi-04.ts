// hybi-04 (January 2011): MORE has become FIN, and a client masks whole frames with a chain of SHA-1.
import type { Buffer } from "node:buffer";
import type { Framing } from "../framing.ts";
import { draftFraming } from "./hybi-01.ts";

/** @param frameKey the twenty bytes for a frame by the four before it, from the keys of this connection's handshake */
export function hybi04(frameKey: (nonce: Buffer) => Uint8Array): Framing {
  return draftFraming("hybi-04", { firstBit: "fin", maskOf: frameKey });
}
