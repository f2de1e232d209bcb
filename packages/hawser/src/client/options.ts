// The options of connect: filled in and checked once.
import type { Duplex } from "node:stream";
import type { SecureContext, ConnectionOptions as TlsConnectionOptions } from "node:tls";
import { createSecureContext, checkServerIdentity as nameInCertificate } from "node:tls";
import { checkSubprotocols } from "../handshake/agreement.ts";
import type { CompressionOptions, CompressionSettings } from "../handshake/compression.ts";
import { resolveCompression } from "../handshake/compression.ts";
import type { HeaderFields } from "../handshake/header-fields.ts";
import { headerLines } from "../handshake/header-fields.ts";
import type { Clock } from "../transport/clock.ts";
import { checkClock } from "../transport/system-clock.ts";
import { describe } from "../wire/errors.ts";
import { allVersions } from "../wire/legacy/framings.ts";
import type { Limits, Timeouts } from "../wire/limits.ts";
import { resolveLimits, resolveTimeouts } from "../wire/limits.ts";
import { checkBoolean, checkNames, checkOneOf } from "../wire/options.ts";
import type { Kind, WireVersion } from "../wire/wire.ts";
import type { Destination, ProxyAgent } from "./destination.ts";
import type { Network } from "./network.ts";
import { checkNetwork } from "./network.ts";
import type { ProxyChoice } from "./proxy.ts";
import { checkProxy } from "./proxy.ts";

export type { Network } from "./network.ts";

/** What a TLS connection is made with; the name that is checked is that of the URL unless `servername` says otherwise. */
export type ClientTls = Omit<
  TlsConnectionOptions,
  "socket" | "host" | "port" | "path" | "ALPNProtocols" | "timeout" | "lookup" | "enableTrace"
>;

/** Options of `connect`. */
export interface ConnectOptions<Accepts extends Kind = Kind, State = undefined> {
  /** Offered to the server, in order of preference. It may choose one of them or none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** Lines for the request, beside the handshake's own. */
  readonly headers?: HeaderFields | undefined;
  /** The only kind of message that is welcome; the other ends the connection with 1003. Default: both. */
  readonly accepts?: Accepts | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Deliver the next message only when what was sent is under `limits.sendMark`. Default false, unlike a server's. */
  readonly coupled?: boolean | undefined;
  /** Offers permessage-deflate (RFC 7692); whether it is used is up to the server. Default false. */
  readonly compression?: boolean | CompressionOptions | undefined;
  /** The wire version to speak (`docs/versions.md`). Default "rfc6455". */
  readonly version?: WireVersion | undefined;
  /**
   * For servers of hixie-75 to hybi-03 that leave out headers of their answer which the draft wants: what is missing is no
   * error, and in hixie-75 neither is another status phrase, nor another order of the first lines. An Origin, a Location or a
   * subprotocol that is there and wrong is one still. Default false.
   */
  readonly lenient?: boolean | undefined;
  /** Becomes `ws.state`. */
  readonly state?: State;
  /** Gives up connecting. Once connected it has no effect. */
  readonly signal?: AbortSignal | undefined;
  /** For wss: a CA of one's own (`ca`), a certificate (`cert`, `key`), and all else that `tls.connect` takes. */
  readonly tls?: ClientTls | undefined;
  readonly network?: Network | undefined;
  /** How many redirects to follow. Default 0. */
  readonly redirects?: number | undefined;
  /** An HTTP proxy by its URL, any other by an agent, "environment" for what `https_proxy` and `no_proxy` say. Default: none. */
  readonly proxy?: string | URL | ProxyAgent | undefined;
  /** Makes the stream in the library's place. */
  readonly createConnection?: ((destination: Destination) => Duplex | PromiseLike<Duplex>) | undefined;
  /** For tests: the clock that all timeouts go by. Default: the system's. */
  readonly clock?: Clock | undefined;
}

const names: readonly (keyof ConnectOptions)[] = [
  "subprotocols",
  "headers",
  "accepts",
  "limits",
  "timeouts",
  "coupled",
  "compression",
  "version",
  "lenient",
  "state",
  "signal",
  "tls",
  "network",
  "redirects",
  "proxy",
  "createConnection",
  "clock",
];

/** `ConnectOptions`, whole. */
export interface ConnectSettings {
  readonly subprotocols: readonly string[];
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly accepts: Kind | undefined;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly coupled: boolean;
  readonly compression: CompressionSettings | undefined;
  readonly version: WireVersion;
  readonly lenient: boolean;
  readonly tls: ClientTls;
  readonly network: Network;
  readonly redirects: number;
  readonly proxy: ProxyChoice;
  readonly createConnection: ConnectOptions["createConnection"];
  readonly clock: Clock;
}

/** @throws TypeError or RangeError for what is wrong, naming the option and what is allowed */
export function resolveConnect(given: ConnectOptions<Kind, unknown>): ConnectSettings {
  checkNames("connect()", given, names);
  const { subprotocols = [], signal, createConnection } = given;
  checkSubprotocols(subprotocols);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, not ${describe(signal)}`);
  }
  if (createConnection !== undefined && typeof createConnection !== "function") {
    throw new TypeError(`createConnection must be a function, not ${describe(createConnection)}`);
  }
  if (createConnection !== undefined && given.proxy !== undefined) {
    throw new TypeError("createConnection makes the stream, so that there is no place for a proxy beside it");
  }
  return {
    subprotocols: [...subprotocols],
    headers: headerLines(given.headers),
    accepts: checkOneOf("accepts", given.accepts, ["text", "binary"]),
    limits: resolveLimits(given.limits),
    timeouts: resolveTimeouts(given.timeouts),
    coupled: checkBoolean("coupled", given.coupled, false),
    compression: resolveCompression(given.compression, false),
    version: checkOneOf("version", given.version, allVersions) ?? "rfc6455",
    lenient: checkBoolean("lenient", given.lenient, false),
    tls: checkTls(given.tls),
    network: checkNetwork(given.network),
    redirects: checkRedirects(given.redirects),
    proxy: checkProxy(given.proxy),
    createConnection,
    clock: checkClock(given.clock),
  };
}

function checkTls(given: unknown): ClientTls {
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`tls must be an object, as { ca }, not ${describe(given)}`);
  }
  const settings: ClientTls = given;
  const { checkServerIdentity = nameInCertificate, minDHSize, secureContext, ...others } = settings;
  const { rejectUnauthorized, servername } = others;
  checkBoolean("tls.rejectUnauthorized", rejectUnauthorized, true);
  if (servername !== undefined && typeof servername !== "string") {
    throw new TypeError(`tls.servername must be a string, not ${describe(servername)}`);
  }
  if (typeof checkServerIdentity !== "function") {
    throw new TypeError(`tls.checkServerIdentity must be a function, not ${describe(checkServerIdentity)}`);
  }
  return {
    ...others,
    // Node fails on undefined.
    ...(minDHSize !== undefined && { minDHSize }),
    checkServerIdentity: verdictOf(checkServerIdentity),
    secureContext: secureContext ?? contextOf(settings),
  };
}

/** What a check throws is its verdict: to throw is easily done with a certificate of the peer's, which may lack what is looked for. */
function verdictOf(check: typeof nameInCertificate): typeof nameInCertificate {
  return (hostname, certificate) => {
    try {
      return check(hostname, certificate);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
}

/** Certificates, keys, ciphers and versions: read once, here, where it can be said what is wrong with them. */
function contextOf(given: ClientTls): SecureContext {
  try {
    return createSecureContext(given);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`tls cannot be used: ${why}`, { cause });
  }
}

function checkRedirects(given: unknown): number {
  if (given === undefined) return 0;
  if (typeof given !== "number") throw new TypeError(`redirects must be a number, not ${describe(given)}`);
  if (Number.isSafeInteger(given) && given >= 0) return given;
  throw new RangeError(`redirects must be a whole number, 0 or above, not ${given}`);
}
