// hixie-76 (May 2010), which is also hybi-00: the frames of hixie-75, and a closing handshake of FF 00 each way.
import type { Framing } from "../framing.ts";
import { sentinelFraming } from "./hixie-75.ts";

export const hixie76: Framing = sentinelFraming("hixie-76", true);
