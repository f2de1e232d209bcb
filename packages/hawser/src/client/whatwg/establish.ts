// Establishing a WebSocket connection (WebSockets standard §2.2), for both interfaces: what beside `connect` itself makes it so.
import type { AnyConnection } from "../../connection/connection.ts";
import { HandshakeError } from "../../handshake/handshake-error.ts";
import type { HeaderFields } from "../../handshake/header-fields.ts";
import { headerLines } from "../../handshake/header-fields.ts";
import { printOffer } from "../../handshake/offer.ts";
import { environmentVariable } from "../../transport/environment.ts";
import type { Limits } from "../../wire/limits.ts";
import { defaultLimits, resolveLimits } from "../../wire/limits.ts";
import { connect } from "../connect.ts";
import type { ConnectOptions } from "../options.ts";
import { resolveConnect } from "../options.ts";
import { hasBadPort } from "./bad-ports.ts";
import { inTurn } from "./turns.ts";

/** What no page can say, and a program may: each as in `connect`, but that `compression` is on unless it is false. */
export type NetworkOptions = Pick<
  ConnectOptions,
  | "headers"
  | "compression"
  | "tls"
  | "limits"
  | "timeouts"
  | "proxy"
  | "network"
  | "createConnection"
  | "redirects"
>;

export const networkOptionNames: readonly (keyof NetworkOptions)[] = [
  "headers",
  "compression",
  "tls",
  "limits",
  "timeouts",
  "proxy",
  "network",
  "createConnection",
  "redirects",
];

/** Picks those options from others. */
export function networkOptions(given: NetworkOptions): NetworkOptions {
  const { headers, compression, tls, limits, timeouts, proxy, network, createConnection, redirects } = given;
  return { headers, compression, tls, limits, timeouts, proxy, network, createConnection, redirects };
}

/** What browsers have: none says so, but none refuses less than this. */
const browserLimits: Readonly<Limits> = Object.freeze({
  ...defaultLimits,
  message: 128 * 1024 * 1024,
  // A page cannot wait for room, it can only look at bufferedAmount: no send of it may end the connection.
  sendBuffer: Number.POSITIVE_INFINITY,
});

/** A connection that is to be established. */
export interface Establishment {
  readonly url: URL;
  readonly options: ConnectOptions & { readonly subprotocols: readonly string[] };
}

/**
 * Puts together what `connect` is called with, so that what the application got wrong is thrown at its call.
 *
 * @param origin that of the page, if there is one
 * @throws TypeError or RangeError as `connect` rejects with
 */
export function prepare(
  url: URL,
  subprotocols: readonly string[],
  given: NetworkOptions,
  origin: string | undefined,
): Establishment {
  const limits = resolveLimits(given.limits, browserLimits);
  const options = {
    ...given,
    compression: given.compression ?? true,
    limits,
    subprotocols,
    headers: withOrigin(given.headers, origin),
  };
  resolveConnect(options);
  printOffer({
    url: { host: "", target: "/", authorization: undefined },
    key: anyKey,
    headers: options.headers,
  });
  if (!certificatesUnchecked()) return { url, options };
  return { url, options: { ...options, tls: { rejectUnauthorized: false, ...given.tls } } };
}

/** Sixteen zeros: well-formed, and never sent. */
const anyKey = "AAAAAAAAAAAAAAAAAAAAAA==";

/**
 * Code for browsers has no way to speak of certificates: as with `fetch`, it is Node that has one, for the whole process, and a
 * warning with it. `connect` does not follow it.
 */
function certificatesUnchecked(): boolean {
  return environmentVariable("NODE_TLS_REJECT_UNAUTHORIZED") === "0";
}

function withOrigin(headers: HeaderFields | undefined, origin: string | undefined): HeaderFields {
  const lines = headerLines(headers);
  if (origin === undefined || lines.some(([name]) => name.toLowerCase() === "origin")) return lines;
  return [["Origin", origin], ...lines];
}

/**
 * Establishes the connection.
 *
 * @throws (rejects with) what `connect` rejects with, and HandshakeError for what the web platform alone refuses
 */
export async function establish(
  { url, options }: Establishment,
  signal: AbortSignal,
): Promise<AnyConnection> {
  // Fetch has it among its first steps ("block bad port"): nothing is dialled.
  if (hasBadPort(url)) throw new HandshakeError(`port ${url.port} is blocked`, { status: 0 });
  const connecting = () => connect(url, { ...options, signal });
  // A stream that the application makes is none that we dial, and it may need another WebSocket to make it.
  const made = options.createConnection !== undefined;
  const connection = made ? await connecting() : await inTurn(url, signal, connecting);
  // "If protocols is not the empty list and [the answer has none], then fail the WebSocket connection": RFC 6455 lets it pass.
  if (options.subprotocols.length > 0 && connection.subprotocol === "") {
    void connection.terminate();
    throw new HandshakeError("the server chose none of the subprotocols", { status: 101 });
  }
  return connection;
}

/** The extensions in use, as the answer named them; "" for none. */
export function extensionsOf(connection: AnyConnection): string {
  return connection.response.headers.get("sec-websocket-extensions") ?? "";
}
