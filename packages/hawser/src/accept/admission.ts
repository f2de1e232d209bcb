// Admission: from the head of a request to a Connection, the same for every way in.
import type { Buffer } from "node:buffer";
import { handshakeRefused } from "../connection/channels.ts";
import type { OuterCause } from "../connection/close-report.ts";
import type { AnyConnection, Message } from "../connection/connection.ts";
import { Connection, pumpOf } from "../connection/connection.ts";
import type { Refusal } from "../handshake/answer.ts";
import { examine, printAcceptance } from "../handshake/answer.ts";
import { acceptDeflate } from "../handshake/deflate-params.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { RequestHead } from "../handshake/head.ts";
import type { HeaderFields } from "../handshake/header-fields.ts";
import type { Opening } from "../handshake/opening.ts";
import { originAllowed, originRefusal } from "../handshake/origin.ts";
import { preferredSubprotocol } from "../handshake/subprotocol.ts";
import { noParams, type RequestParams, UpgradeRequest } from "../handshake/upgrade-request.ts";
import { deflateCodec } from "../transport/deflate.ts";
import { handshakeKey } from "../transport/randomness.ts";
import { framingOf } from "../wire/legacy/framings.ts";
import { checkBoolean } from "../wire/options.ts";
import type { Doorstep } from "./doorstep.ts";
import type { Settings } from "./settings.ts";
import { decided } from "./versions.ts";

/** What the application adds to the answer that accepts. */
export interface AcceptOptions {
  /** One of those that the client offered. Default: as the server's option `subprotocols` says. */
  readonly subprotocol?: string | undefined;
  /** Lines for the answer. */
  readonly headers?: HeaderFields | undefined;
  /** False: not for this connection. Default: as the server's option says. */
  readonly compression?: boolean | undefined;
  /**
   * The URL that the client asked for, where a proxy in front has changed it: the versions from hixie-75 to hybi-03 say it
   * again, and their clients compare it. Others have no use for it. Default: what `Host` and `trustProxy` say.
   */
  readonly location?: string | undefined;
}

/** The names of `AcceptOptions`. */
export const acceptNames: readonly (keyof AcceptOptions)[] = [
  "subprotocol",
  "headers",
  "compression",
  "location",
];

/** A request that has passed every rule, and waits for yes or no. */
export interface Candidate {
  readonly opening: Opening;
  readonly request: UpgradeRequest;
}

/**
 * Checks the rules of the handshake and the Origin.
 *
 * @param params what the pattern of the resource matched
 * @throws HandshakeError for the first that is broken; what a function of the application's throws (`origins`, `ambiguous`)
 */
export function admit(
  head: RequestHead,
  doorstep: Doorstep,
  settings: Settings,
  params: RequestParams = noParams,
): Candidate {
  const opening = examine(head, settings.versions);
  const surroundings = settings.trust.surroundings(head.headers, opening.host, doorstep.peer);
  const { origin } = opening;
  const { host, secure } = surroundings;
  const { origins, originsOf } = settings;
  if (origin !== undefined && !originAllowed({ origin, host, secure, origins })) {
    throw originRefusal({ origin, host, resource: originsOf });
  }
  const request = new UpgradeRequest(opening, surroundings, params);
  return { opening: decided(opening, request, settings.ambiguous), request };
}

/** What becomes of a candidate that was accepted. */
export interface Welcome<Received extends Message, State> {
  readonly state: State;
  readonly onEnded?: ((connection: AnyConnection) => void) | undefined;
  /**
   * Called once, mostly before `establish` returns: the connection is open, or has ended at once if the peer is not there any
   * more (`doorstep.failure` says why).
   */
  opened(connection: Connection<Received, State>): void;
  /** Called in place of `opened` where the peer never said what a proof needs. Default: it is a connection that has ended. */
  unproven?(error: HandshakeError): void;
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
  welcome: Welcome<Received, State>,
): void {
  const { headers, location } = options;
  const { host, secure } = request;
  const subprotocol =
    options.subprotocol ?? preferredSubprotocol(settings.subprotocols, opening.subprotocols);
  const compression = checkBoolean("compression of the answer", options.compression, true)
    ? settings.compression
    : undefined;
  const deflate = compression && acceptDeflate(opening.extensions, compression);
  const extensions = deflate && [deflate.extension];
  const acceptance = printAcceptance(opening, {
    ...{ subprotocol, headers, extensions, location, secure, host },
    nonce: handshakeKey,
  });
  const { failure } = doorstep;
  const open = (early: readonly Buffer[]): void => {
    const unproven = failure === undefined && acceptance.proof !== undefined ? doorstep.failure : undefined;
    if (unproven !== undefined && welcome.unproven !== undefined) {
      welcome.unproven(unproven);
      return;
    }
    const connection = new Connection<Received, State>({
      role: "server",
      transport: doorstep.transport,
      clock: settings.clock,
      limits: settings.limits,
      timeouts: settings.timeouts,
      accepts: settings.accepts,
      coupled: settings.coupled,
      codec: deflate && compression && deflateCodec(deflate.agreement, compression),
      framing: framingOf(opening.version, acceptance.frameKey),
      request,
      response: acceptance.head,
      subprotocol: subprotocol ?? "",
      state: welcome.state,
      onEnded: welcome.onEnded,
    });
    const tooLate = failure ?? unproven;
    if (tooLate === undefined) for (const chunk of early) pumpOf(connection).received(chunk);
    else pumpOf(connection).terminate(causeOf(tooLate));
    welcome.opened(connection);
  };
  if (acceptance.proof === undefined) open(doorstep.accept(acceptance.bytes));
  else doorstep.acceptChallenge(acceptance.bytes, acceptance.proof, open);
}

/** What ended a connection that was accepted when nobody was there for it any more. */
function causeOf(error: HandshakeError): OuterCause {
  return error.status === 503
    ? { cause: "timeout", limit: "timeouts.handshake", error }
    : { cause: "lost", error };
}

/** How much of a body is quoted in a message. */
const QUOTED = 100;

/** Answers no, unless there was an answer, and tells subscribers. Resolves when the peer has hung up, or was given a second to. */
export function turnAway(refusal: Refusal, doorstep: Doorstep): Promise<void> {
  const { settled, proving } = doorstep;
  const gone = doorstep.refuse(refusal);
  // Of a handshake that was given up whoever awaited it tells.
  if (!settled && !proving) publishRefusal(errorOf(refusal), doorstep.peer.address);
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
