// hybi-05 (February 2011): a client masks whole frames with the four bytes before them, and a Close says who began it.
import type { Framing } from "../framing.ts";
import type { DraftRules } from "./draft-frame.ts";
import { draftFraming } from "./hybi-01.ts";

export const maskedWhole: DraftRules = { firstBit: "fin", maskOf: (nonce) => nonce };

export const hybi05: Framing = draftFraming("hybi-05", maskedWhole, (role) =>
  role === "client" ? "C" : "S",
);
