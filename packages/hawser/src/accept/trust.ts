// Which proxies in front are believed, and what they are believed about (`trustProxy`).
import { BlockList, isIP } from "node:net";
import type { ForwardedFamily } from "../handshake/forwarded.ts";
import { forwardedClient } from "../handshake/forwarded.ts";
import type { HeaderList } from "../handshake/header-list.ts";
import type { RequestSurroundings } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { checkBoolean, checkNames, checkOneOf } from "../wire/options.ts";

/** The proxies in front of a server. */
export interface TrustProxy {
  /** Their addresses: "10.0.0.0/8", "::1", "127.0.0.1"; "unix" is who comes over a stream without an address, as a Unix socket is. Nobody else is believed. */
  readonly from: readonly string[];
  /** Which headers they write: `Forwarded` (RFC 7239), or `X-Forwarded-For`, `-Proto` and `-Host`. */
  readonly headers?: ForwardedFamily | undefined;
  /** They begin each connection with a PROXY protocol header (version 1 or 2), and connections from elsewhere do not. */
  readonly proxyProtocol?: boolean | undefined;
}

/** What is known of a connection from its transport. */
export interface Peer {
  readonly address: string | undefined;
  readonly secure: boolean;
}

/** `trustProxy`, checked. */
export class Trust {
  readonly #from = new BlockList();
  #fromUnix = false;
  readonly #headers: ForwardedFamily | undefined;
  readonly proxyProtocol: boolean;

  /** @throws TypeError for what is no TrustProxy, or an address that is none */
  constructor(given: TrustProxy | undefined) {
    checkNames("trustProxy", given, ["from", "headers", "proxyProtocol"]);
    this.#headers = checkOneOf("trustProxy.headers", given?.headers, ["forwarded", "x-forwarded"]);
    this.proxyProtocol = checkBoolean("trustProxy.proxyProtocol", given?.proxyProtocol, false);
    if (given === undefined) return;
    if (!Array.isArray(given.from)) {
      throw new TypeError(`trustProxy.from must be an array of addresses, not ${describe(given.from)}`);
    }
    for (const entry of given.from) this.#add(entry);
    if (this.#headers === undefined && !this.proxyProtocol) {
      throw new TypeError('trustProxy needs headers ("forwarded" or "x-forwarded") or proxyProtocol: true');
    }
  }

  /** Whether this is the address of a proxy of ours; over a Unix socket there is none. */
  trusts(address: string | undefined): boolean {
    if (address === undefined) return this.#fromUnix;
    const version = isIP(address);
    // A dual-stack socket shows an IPv4 peer as ::ffff:10.0.0.1; BlockList knows that form.
    return version !== 0 && this.#from.check(address, version === 6 ? "ipv6" : "ipv4");
  }

  /** Whether a connection from there begins with a PROXY header. */
  expectsProxyHeader(address: string | undefined): boolean {
    return this.proxyProtocol && this.trusts(address);
  }

  /** What holds of the client, with what our proxies say of it. */
  surroundings(headers: HeaderList, host: string, peer: Peer): RequestSurroundings {
    const { address, secure } = peer;
    if (this.#headers === undefined || !this.trusts(address)) {
      return { remoteAddress: address, secure, host };
    }
    const client = forwardedClient({ headers, family: this.#headers, trusted: (one) => this.trusts(one) });
    return {
      remoteAddress: client.remoteAddress ?? address,
      secure: client.proto === undefined ? secure : client.proto === "https",
      host: client.host ?? host,
    };
  }

  #add(entry: unknown): void {
    if (entry === "unix") {
      this.#fromUnix = true;
      return;
    }
    const [address = "", bits, more] = typeof entry === "string" ? entry.split("/") : [];
    const version = isIP(address);
    const widest = version === 6 ? 128 : 32;
    const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (version === 0 || more !== undefined || prefix < 0 || prefix > widest) {
      throw new TypeError(
        `trustProxy.from holds addresses, as "10.0.0.0/8" or "::1", and "unix", not ${describe(entry)}`,
      );
    }
    this.#from.addSubnet(address, prefix, version === 6 ? "ipv6" : "ipv4");
  }
}
