// Admission: from the head of a request to a Connection, the same for every way in.
import { handshakeRefused } from "../connection/channels.ts";
import type { OuterCause } from "../connection/close-report.ts";
import type { AnyConnection, Message } from "../connection/connection.ts";
import { Connection, pumpOf } from "../connection/connection.ts";
import type { Opening, Refusal } from "../handshake/answer.ts";
import { examine, printAcceptance } from "../handshake/answer.ts";
import { acceptDeflate } from "../handshake/deflate-params.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { RequestHead } from "../handshake/head.ts";
import type { HeaderFields } from "../handshake/header-fields.ts";
import { originAllowed, originRefusal } from "../handshake/origin.ts";
import { UpgradeRequest } from "../handshake/upgrade-request.ts";
import { deflateCodec } from "../transport/deflate.ts";
import { checkBoolean } from "../wire/options.ts";
import type { Doorstep } from "./doorstep.ts";
import type { Settings } from "./settings.ts";

/** What the application adds to the answer that accepts. */
export interface AcceptOptions {
  /** One of those that the client offered. */
  readonly subprotocol?: string | undefined;
  /** Lines for the answer. */
  readonly headers?: HeaderFields | undefined;
  /** False: not for this connection. Default: as the server's option says. */
  readonly compression?: boolean | undefined;
}

/** The names of `AcceptOptions`. */
export const acceptNames: readonly (keyof AcceptOptions)[] = ["subprotocol", "headers", "compression"];

/** A request that has passed every rule, and waits for yes or no. */
export interface Candidate {
  readonly opening: Opening;
  readonly request: UpgradeRequest;
}

/**
 * Checks the rules of the handshake and the Origin.
 *
 * @throws HandshakeError for the first that is broken
 */
export function admit(head: RequestHead, doorstep: Doorstep, settings: Settings): Candidate {
  const opening = examine(head);
  const surroundings = settings.trust.surroundings(head.headers, opening.host, doorstep.peer);
  const { origin } = opening;
  const { host, secure } = surroundings;
  if (origin !== undefined && !originAllowed({ origin, host, secure, origins: settings.origins })) {
    throw originRefusal({ origin, host });
  }
  return { opening, request: new UpgradeRequest(opening, surroundings) };
}

/**
 * Answers yes.
 *
 * @throws TypeError for what may not stand in the answer; nothing was written then
 */
export function establish<Received extends Message, State>(
  { opening, request }: Candidate,
  doorstep: Doorstep,
  settings: Settings,
  options: AcceptOptions,
  state: State,
  onEnded?: (connection: AnyConnection) => void,
): Connection<Received, State> {
  const { subprotocol, headers } = options;
  const compression = checkBoolean("compression of the answer", options.compression, true)
    ? settings.compression
    : undefined;
  const deflate = compression && acceptDeflate(opening.extensions, compression);
  const extensions = deflate && [deflate.extension];
  const { bytes, head } = printAcceptance(opening, { subprotocol, headers, extensions });
  const { failure } = doorstep;
  const early = doorstep.accept(bytes);
  const connection = new Connection<Received, State>({
    role: "server",
    transport: doorstep.transport,
    clock: settings.clock,
    limits: settings.limits,
    timeouts: settings.timeouts,
    accepts: settings.accepts,
    coupled: settings.coupled,
    codec: deflate && compression && deflateCodec(deflate.agreement, compression),
    request,
    response: head,
    subprotocol: subprotocol ?? "",
    state,
    onEnded,
  });
  if (failure === undefined) for (const chunk of early) pumpOf(connection).received(chunk);
  else pumpOf(connection).terminate(tooLate(failure));
  return connection;
}

/** What ended a connection that was accepted when nobody was there for it any more. */
function tooLate(error: HandshakeError): OuterCause {
  return error.status === 503
    ? { cause: "timeout", limit: "timeouts.handshake", error }
    : { cause: "lost", error };
}

/** How much of a body is quoted in a message. */
const QUOTED = 100;

/** Answers no, unless there was an answer, and tells subscribers. Resolves when the peer has hung up, or was given a second to. */
export function turnAway(refusal: Refusal, doorstep: Doorstep): Promise<void> {
  const { settled } = doorstep;
  const gone = doorstep.refuse(refusal);
  if (!settled) publishRefusal(errorOf(refusal), doorstep.peer.address);
  return gone;
}

/** What subscribers are told of a refusal that is the application's. */
function errorOf(refusal: Refusal): HandshakeError {
  if (refusal instanceof HandshakeError) return refusal;
  const { status, body } = refusal;
  const why = body === undefined ? "" : `: ${body.slice(0, QUOTED)}`;
  return new HandshakeError(`refused with ${status}${why}`, { status, ...(body !== undefined && { body }) });
}

/** Tells subscribers of a refusal. */
export function publishRefusal(error: HandshakeError, remoteAddress: string | undefined): void {
  if (handshakeRefused.hasSubscribers) handshakeRefused.publish({ error, remoteAddress });
}
