// Which proxy the environment names for a URL: https_proxy, http_proxy, all_proxy, and the exceptions in no_proxy.
import { BlockList, isIP } from "node:net";
import type { WebSocketUrl } from "../handshake/url.ts";
import { environmentVariable } from "../transport/environment.ts";

type Place = Pick<WebSocketUrl, "hostname" | "port">;

/** A proxy, and what names it. */
export interface EnvironmentProxy {
  readonly variable: string;
  readonly proxy: string;
}

/**
 * The proxy for a URL, as written there but with a scheme; undefined for none. As curl has it: `https_proxy` is for wss,
 * `http_proxy` for ws, `all_proxy` for both; names in lower case go before those in upper case, and an upper-case HTTP_PROXY is
 * not looked at, since in a CGI program a client can set it by a header named Proxy.
 */
export function proxyFromEnvironment(
  url: Place & Pick<WebSocketUrl, "secure">,
): EnvironmentProxy | undefined {
  const exceptions = firstOf("no_proxy", "NO_PROXY")?.proxy ?? "";
  if (exceptions.split(/[\s,]+/).some((exception) => matches(exception.toLowerCase(), url))) return undefined;
  const own = url.secure ? firstOf("https_proxy", "HTTPS_PROXY") : firstOf("http_proxy");
  const found = own ?? firstOf("all_proxy", "ALL_PROXY");
  if (found === undefined || found.proxy.includes("://")) return found;
  return { ...found, proxy: `http://${found.proxy}` };
}

function firstOf(...names: readonly string[]): EnvironmentProxy | undefined {
  for (const variable of names) {
    const value = environmentVariable(variable)?.trim();
    if (value) return { variable, proxy: value };
  }
  return undefined;
}

/** A host, a domain with all below it, an address, a network as 10.0.0.0/8, each with or without a port; "*" for everything. */
function matches(exception: string, { hostname, port }: Place): boolean {
  if (exception === "*") return true;
  const { name, port: itsPort } = parted(exception);
  if (itsPort !== undefined && itsPort !== port) return false;
  if (isIP(hostname) !== 0) return networkHas(name, hostname);
  const domain = name.replace(/^\*?\.?/, "").replace(/\.$/, "");
  const host = hostname.replace(/\.$/, "");
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

/** An IPv6 address has a port only behind brackets. */
function parted(exception: string): { name: string; port: number | undefined } {
  const [, name = exception, port] =
    /^\[(.*)\](?::(\d+))?$/.exec(exception) ?? /^([^:]*):(\d+)$/.exec(exception) ?? [];
  return { name, port: port === undefined ? undefined : Number(port) };
}

function networkHas(network: string, address: string): boolean {
  const [base = "", bits] = network.split("/");
  const version = isIP(base);
  const widest = version === 6 ? 128 : 32;
  const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (version === 0 || !(prefix <= widest)) return false;
  const addresses = new BlockList();
  addresses.addSubnet(base, prefix, version === 6 ? "ipv6" : "ipv4");
  return addresses.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
