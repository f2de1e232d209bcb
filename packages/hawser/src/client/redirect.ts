// Redirects: where an answer leads, and what may go along to there.
import type { HandshakeError } from "../handshake/handshake-error.ts";
import { HandshakeError as Failure } from "../handshake/handshake-error.ts";
import { parseWebSocketUrl, type WebSocketUrl } from "../handshake/url.ts";
import type { ConnectSettings } from "./options.ts";

/** RFC 9110 §15.4: those with a Location that a GET follows. */
const statuses: readonly number[] = [301, 302, 303, 307, 308];

/** Header lines by which a server knows who asks. */
const credentials = /^(?:authorization|cookie|cookie2|proxy-authorization)$/i;

/** What is asked for next, and with what. */
export interface Redirected {
  readonly url: WebSocketUrl;
  readonly settings: ConnectSettings;
}

/** Whether an answer asks us to go elsewhere. */
export function isRedirect(error: unknown): error is HandshakeError {
  return error instanceof Failure && statuses.includes(error.status) && error.headers.has("location");
}

/**
 * Follows a redirect.
 *
 * To another origin go no credentials: no Authorization, no Cookie, no client certificate (nor a `secureContext` that may hold
 * one), no shared key, no TLS session, and no Host that was set by hand. What else `headers` and `tls` hold goes along.
 *
 * @throws HandshakeError for a Location that is no WebSocket URL (http and https count as ws and wss), for several, for one that
 *   leads to a socket in our file system, which no server has a say in, and for one that would leave TLS
 */
export function follow(from: WebSocketUrl, settings: ConnectSettings, answer: HandshakeError): Redirected {
  const url = target(from, answer);
  if (from.secure && !url.secure) throw failed(answer, "the server redirects from wss to ws");
  if (sameOrigin(from, url))
    return { url: { ...url, authorization: url.authorization ?? from.authorization }, settings };
  const {
    key: _key,
    cert: _cert,
    pfx: _pfx,
    passphrase: _passphrase,
    secureContext: _context,
    clientCertEngine: _certEngine,
    privateKeyEngine: _keyEngine,
    privateKeyIdentifier: _keyIdentifier,
    pskCallback: _psk,
    session: _session,
    servername: _name,
    ...tls
  } = settings.tls;
  const headers = settings.headers.filter(([name]) => !credentials.test(name) && !/^host$/i.test(name));
  // What a Location holds in its URL is the server's own idea of who we are.
  return { url: { ...url, authorization: undefined }, settings: { ...settings, headers, tls } };
}

function target(from: WebSocketUrl, answer: HandshakeError): WebSocketUrl {
  // RFC 9110 §10.2.2: one reference. Of two, one may be somebody else's, who got it into the answer.
  const [location = "", second] = answer.headers.all("location");
  const url = second === undefined ? parsed(location, from) : undefined;
  if (url === undefined || url.socketPath !== undefined) {
    throw failed(answer, "the server redirects to what is no WebSocket URL");
  }
  return url;
}

/** The URL that a Location stands for; undefined for none. */
function parsed(location: string, from: WebSocketUrl): WebSocketUrl | undefined {
  try {
    const url = new URL(location, from.href.replace(/^ws/, "http"));
    url.hash = "";
    return parseWebSocketUrl(url.href.replace(/^http/, "ws"));
  } catch {
    return undefined;
  }
}

function sameOrigin(one: WebSocketUrl, other: WebSocketUrl): boolean {
  return (
    one.secure === other.secure &&
    one.hostname === other.hostname &&
    one.port === other.port &&
    one.socketPath === other.socketPath
  );
}

function failed({ status, headers, body }: HandshakeError, message: string): HandshakeError {
  return new Failure(message, { status, headers, body });
}
