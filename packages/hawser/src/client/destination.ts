// Where a connection is to lead, as those are told who make the stream in the library's place.

/** Where the connection is to lead: what a proxy or a function of the application's is asked for. */
export interface Destination {
  /** A name or an address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS will be spoken over the stream. That is up to the library: the stream carries bytes as they are. */
  readonly secure: boolean;
  /** Aborted when nobody waits for the stream any more. */
  readonly signal: AbortSignal;
}

/** What agents on npm (`socks-proxy-agent`, `https-proxy-agent`, `proxy-agent`) have in common: they give a stream to a place. */
export interface ProxyAgent {
  connect(...args: never[]): unknown;
}
