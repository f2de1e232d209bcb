// hybi-08 (June 2011), which is what the drafts 8 to 12 call themselves: as hybi-07, with code 1007 for text that is none.
import type { Framing } from "../framing.ts";
import { hybi07 } from "./hybi-07.ts";
import { oldCloseCodes } from "./old-close-code.ts";

export const hybi08: Framing = { ...hybi07, version: "hybi-08", ...oldCloseCodes("hybi-08", [1007]) };
