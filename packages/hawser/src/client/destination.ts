// Where a connection is to lead, as those are told who make the stream in the library's place.
import { isIP } from "node:net";
import type { Duplex } from "node:stream";

/** Where the connection is to lead: what a proxy or a function of the application's is asked for. */
export interface Destination {
  /** A name or an address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket, for a URL of `ws+unix:`; host and port then mean nothing ("localhost" and 0). */
  readonly socketPath: string | undefined;
  /**
   * TLS will be spoken over the stream (`wss:`). That is up to the library: the stream carries bytes as they are. Only a
   * TLSSocket that `createConnection` gives is taken for the TLS that is wanted.
   */
  readonly secure: boolean;
  /** Aborted when nobody waits for the stream any more. */
  readonly signal: AbortSignal;
}

/** Makes a stream to a destination; undefined if there is no proxy on the way. */
export type Tunnel = (destination: Destination) => Promise<Duplex | undefined>;

/** What agents on npm (`socks-proxy-agent`, `https-proxy-agent`, `proxy-agent`) have in common: they give a stream to a place. */
export interface ProxyAgent {
  connect(...args: never[]): unknown;
}

/** `host:port`, as CONNECT and Host have it (RFC 9110 §7.2, §9.3.6). */
export function authorityOf({ host, port }: Pick<Destination, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The name in SNI: no address, and no dot behind it (RFC 6066 §3). "" for none. */
export function serverNameOf(host: string): string {
  return isIP(host) === 0 ? host.replace(/\.$/, "") : "";
}
