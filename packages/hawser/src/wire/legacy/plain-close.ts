// A Close that says that it is one, and nothing more: all there was before hybi-06.
import { Buffer } from "node:buffer";
import { UnsupportedError } from "../errors.ts";
import type { Framing } from "../framing.ts";
import { checkClose, NO_STATUS } from "../rfc6455/close-code.ts";
import type { CloseFrame, Role, WireVersion } from "../wire.ts";

const withoutCode: CloseFrame = Object.freeze({ code: NO_STATUS, reason: "" });

/**
 * What a Close can say in a version without codes.
 *
 * @param body what stands in one that is no answer; whatever a peer's says is for nobody but the endpoint that sent it
 */
export function plainClose(
  version: WireVersion,
  body: (role: Role) => string = () => "",
): Pick<Framing, "checkClose" | "fitClose" | "printClose" | "parseClose"> {
  return {
    checkClose(code, reason) {
      checkClose(code, reason);
      // 1000, as `close()` has it where nothing is said, stands for "normally".
      if ((code === undefined || code === 1000) && reason === "") return;
      throw new UnsupportedError(`${version} has no close codes and no reasons`);
    },
    fitClose: () => withoutCode,
    printClose: (_frame, role) => Buffer.from(body(role)),
    parseClose: () => withoutCode,
  };
}
