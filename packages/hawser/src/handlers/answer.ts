// answer: a request that waits for its answer, answered as a handler says.
import type { Waiting } from "../accept/accept-stream.ts";
import { admit, type Candidate, establish, publishRefusal, turnAway } from "../accept/admission.ts";
import type { Doorstep } from "../accept/doorstep.ts";
import { Refused } from "../accept/refusal.ts";
import { resourceSettings } from "../accept/resource-settings.ts";
import type { Settings } from "../accept/settings.ts";
import type { AnyConnection, Message } from "../connection/connection.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { noParams, type RequestParams } from "../handshake/upgrade-request.ts";
import type { CheckedHandler } from "./application.ts";
import { decide } from "./decide.ts";
import { reportFault } from "./fault.ts";
import { PathPattern } from "./path.ts";
import type { RunOptions } from "./run-options.ts";

/**
 * Answers as the path, the options and the `upgrade` hook of a handler say. What it throws goes to `onError`, and is answered 500.
 *
 * @returns the connection; undefined if it was refused, or nobody was left to be answered. Never rejects.
 * @throws TypeError or RangeError for options that are wrong beside those of `acceptStream`, Error if it was answered before; at
 *   once
 */
export function answer(
  waiting: Waiting,
  handler: CheckedHandler,
  options: RunOptions,
): Promise<AnyConnection | undefined> {
  const settings = resourceSettings("the handler of run()", handler, waiting.settings);
  waiting.claim();
  return answered({ ...waiting, settings }, handler, options).catch((error: unknown) => {
    if (error instanceof HandshakeError) {
      // Of a handshake that has failed nobody else tells.
      if (waiting.doorstep.settled) publishRefusal(error, waiting.doorstep.peer.address);
      else void turnAway(error, waiting.doorstep);
    } else {
      void turnAway({ status: 500 }, waiting.doorstep);
      reportFault(error, undefined, options.onError);
    }
    return undefined;
  });
}

async function answered(
  { candidate, doorstep, settings }: Omit<Waiting, "claim">,
  handler: CheckedHandler,
  { onError }: RunOptions,
): Promise<AnyConnection | undefined> {
  const params = paramsOf(handler, candidate.request.path);
  const own = admitted(candidate, doorstep, settings, handler, params);
  const decision = await decide(handler, own.request, doorstep, onError);
  if (decision instanceof Refused) {
    void turnAway(decision, doorstep);
    return undefined;
  }
  if (decision instanceof HandshakeError) throw decision;
  const { state } = decision;
  return new Promise((opened, unproven) => {
    establish<Message, unknown>(own, doorstep, settings, decision, {
      state,
      opened,
      unproven,
    });
  });
}

function paramsOf({ path }: CheckedHandler, asked: string): RequestParams {
  if (path === undefined) return noParams;
  const params = new PathPattern(path).match(asked);
  if (params === undefined) throw new HandshakeError("there is nothing at this path", { status: 404 });
  return params;
}

/** By the rules of the handler, where it has other ones than those that the request has passed. */
function admitted(
  candidate: Candidate,
  doorstep: Doorstep,
  settings: Settings,
  { origins, versions, ambiguous }: CheckedHandler,
  params: RequestParams,
): Candidate {
  if (origins !== undefined || versions !== undefined || ambiguous !== undefined) {
    return admit(candidate.opening.head, doorstep, settings, params);
  }
  candidate.request.params = params;
  return candidate;
}
