// connect: from a URL to a Connection.
import type { Message } from "../connection/connection.ts";
import { Connection, pumpOf } from "../connection/connection.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { printOffer } from "../handshake/offer.ts";
import { parseTarget } from "../handshake/target.ts";
import { noParams, UpgradeRequest } from "../handshake/upgrade-request.ts";
import { parseWebSocketUrl, type WebSocketUrl } from "../handshake/url.ts";
import { deflateCodec } from "../transport/deflate.ts";
import { handshakeKey, randomness } from "../transport/randomness.ts";
import { framingOf } from "../wire/legacy/framings.ts";
import type { Kind } from "../wire/wire.ts";
import type { Accepted } from "./asking.ts";
import { ask } from "./asking.ts";
import { dial } from "./dial.ts";
import type { ConnectOptions, ConnectSettings } from "./options.ts";
import { resolveConnect } from "./options.ts";
import { Patience } from "./patience.ts";
import { follow, isRedirect } from "./redirect.ts";

/** What a connection receives, by its option `accepts`. */
type ReceivedWith<Accepts extends Kind> = Kind extends Accepts
  ? Message
  : Accepts extends "text"
    ? string
    : Uint8Array;

/**
 * Connects to a WebSocket server (RFC 6455 §4.1, or as the `version` has it).
 *
 * @param url `ws://host:port/path?query`, `wss://…`, or `ws+unix:/path/of.sock:/path`. A name and password in it go out as
 *   Basic authorization.
 * @returns the connection, open. No message is lost between this and the first that is asked for.
 * @throws (rejects with) TypeError or RangeError for a URL of another kind and for wrong options, before anything is sent;
 *   HandshakeError if the server cannot be reached in `timeouts.handshake` (`status` is 0, `cause` the system's error), answers
 *   something other than 101 (`status`, `headers` and `body` are the answer's) or breaks a rule; UnsupportedError for options that the
 *   version has no form for; the reason of `signal`
 */
export async function connect<Accepts extends Kind = Kind, State = undefined>(
  url: string | URL,
  options?: ConnectOptions<Accepts, State>,
): Promise<Connection<ReceivedWith<Accepts>, State>>;
// Where no state is given its type is undefined, and so is the state; the signature above says it in one word.
export async function connect<State>(
  url: string | URL,
  options: ConnectOptions<Kind, State> = {},
): Promise<Connection<Message, State | undefined>> {
  const place = parseWebSocketUrl(url);
  const settings = resolveConnect(options);
  const patience = new Patience(settings.clock, settings.timeouts.handshake, options.signal);
  try {
    return await open(place, settings, patience.signal, options.state);
  } finally {
    patience.end();
  }
}

async function open<State>(
  first: WebSocketUrl,
  given: ConnectSettings,
  signal: AbortSignal,
  state: State,
): Promise<Connection<Message, State>> {
  let url = first;
  let settings = given;
  for (let left = settings.redirects; ; left -= 1) {
    // First: what is wrong with the request itself is said before anybody is called.
    const offer = printOffer({ ...settings, url, key: handshakeKey(), randomness });
    signal.throwIfAborted();
    // Outside of what may redirect: a proxy's answer to CONNECT is nobody's word on where the server is.
    const dialled = await dial(url, settings, signal);
    try {
      return established(url, offer.head, settings, await ask(dialled, offer, settings, signal), state);
    } catch (error) {
      if (!isRedirect(error) || given.redirects === 0) throw error;
      if (left === 0) throw tooMany(error, given.redirects);
      ({ url, settings } = follow(url, settings, error));
    }
  }
}

function established<State>(
  url: WebSocketUrl,
  head: ReturnType<typeof printOffer>["head"],
  settings: ConnectSettings,
  { transport, answer, agreement, first }: Accepted,
  state: State,
): Connection<Message, State> {
  const { path } = parseTarget(head.target);
  const { status, reason, headers } = answer;
  const { compression } = settings;
  const { deflate } = agreement;
  const connection = new Connection<Message, State>({
    role: "client",
    transport,
    clock: settings.clock,
    limits: settings.limits,
    timeouts: settings.timeouts,
    accepts: settings.accepts,
    coupled: settings.coupled,
    codec: deflate && compression && deflateCodec(deflate, compression),
    framing: framingOf(settings.version, agreement.frameKey),
    request: new UpgradeRequest(
      { head, path, subprotocols: settings.subprotocols },
      { remoteAddress: transport.remoteAddress, secure: url.secure, host: url.host },
      noParams,
    ),
    response: { status, reason, headers },
    subprotocol: agreement.subprotocol,
    state,
  });
  const pump = pumpOf(connection);
  for (const bytes of first) if (bytes.length > 0) pump.received(bytes);
  return connection;
}

function tooMany({ status, headers, body }: HandshakeError, allowed: number): HandshakeError {
  return new HandshakeError(`the server redirects more than ${allowed} times`, { status, headers, body });
}
