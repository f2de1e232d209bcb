// How names are looked up and sockets opened.
import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import { describe } from "../wire/errors.ts";
import { checkNames, checkOneOf } from "../wire/options.ts";

/** How names are looked up and sockets opened. */
export interface Network {
  /** 4 or 6 for addresses of that family alone; 0, the default, for both, the first that answers (RFC 8305). */
  readonly family?: 0 | 4 | 6 | undefined;
  /** In place of `dns.lookup`. With `family` 0 it is asked for all addresses (`all`), and may give one. */
  readonly lookup?: LookupFunction | undefined;
  /** The IP address to connect from. */
  readonly localAddress?: string | undefined;
}

/** @throws TypeError for what is wrong, naming the option and what is allowed */
export function checkNetwork(given: Network | undefined): Network {
  checkNames("network", given, ["family", "lookup", "localAddress"]);
  const { family = 0, lookup, localAddress } = given ?? {};
  checkOneOf("network.family", family, [0, 4, 6]);
  if (lookup !== undefined && typeof lookup !== "function") {
    throw new TypeError(`network.lookup must be a function, not ${describe(lookup)}`);
  }
  if (localAddress !== undefined && (typeof localAddress !== "string" || isIP(localAddress) === 0)) {
    throw new TypeError(`network.localAddress must be an IP address, not ${describe(localAddress)}`);
  }
  return {
    family,
    ...(lookup && { lookup: tolerated(lookup) }),
    ...(localAddress !== undefined && { localAddress }),
  };
}

/** What goes wrong in a lookup reaches whoever connects: one that throws would leave a socket behind. */
function tolerated(lookup: LookupFunction): LookupFunction {
  return (hostname, options, done) => {
    try {
      lookup(hostname, options, (error, address, family) => {
        if (typeof address !== "string") {
          done(error, address, family);
          return;
        }
        const known = family ?? isIP(address);
        // Many know one address only. Node, having asked for all, would take its letters for the list.
        if (options.all === true) done(error, [{ address, family: known }]);
        else done(error, address, known);
      });
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)), []);
    }
  };
}
