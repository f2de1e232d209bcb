// decide: what an `upgrade` hook says of a request, unless its handshake fails meanwhile.
import { acceptNames } from "../accept/admission.ts";
import type { Doorstep } from "../accept/doorstep.ts";
import { Refused, refuse } from "../accept/refusal.ts";
import type { HandshakeError } from "../handshake/handshake-error.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import { checkNames } from "../wire/options.ts";
import type { CheckedHandler } from "./application.ts";
import { type ErrorHook, reportFault } from "./fault.ts";
import type { UpgradeAnswer, UpgradeResult } from "./handler.ts";

/** Yes, no, or why nobody is left to be answered. */
export type Decision = UpgradeAnswer<unknown> | Refused | HandshakeError;

/**
 * Asks the hook. What it throws goes to `onError`, and is a refusal with 500: what went wrong is the application's business, and
 * none of the client's. Never rejects.
 */
export function decide(
  handler: CheckedHandler,
  request: UpgradeRequest,
  doorstep: Doorstep,
  onError: ErrorHook | undefined,
): Promise<Decision> {
  const over = doorstep.failed();
  const asking = ask(handler, request).catch((error: unknown) => {
    if (error instanceof Refused) return error;
    // Too late to be of use, perhaps, but that the hook fails is to be heard of all the same.
    reportFault(error, undefined, onError);
    return refuse(500);
  });
  return Promise.race([asking, over]);
}

async function ask(
  handler: CheckedHandler,
  request: UpgradeRequest,
): Promise<UpgradeAnswer<unknown> | Refused> {
  const result: UpgradeResult<unknown> = await handler.upgrade?.(request);
  if (result instanceof Refused) return result;
  checkNames("the answer of upgrade", result, ["state", ...acceptNames]);
  return result ?? {};
}
