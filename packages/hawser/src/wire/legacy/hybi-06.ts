// hybi-06 (February 2011): as hybi-05, with codes and reasons in a Close.
import type { Framing } from "../framing.ts";
import { withCloseCode } from "./capabilities.ts";
import { draftFraming } from "./hybi-01.ts";
import { maskedWhole } from "./hybi-05.ts";
import { oldCloseCodes } from "./old-close-code.ts";

export const hybi06: Framing = {
  ...draftFraming("hybi-06", maskedWhole),
  can: withCloseCode,
  ...oldCloseCodes("hybi-06"),
};
