// Which proxy the environment names for a URL: https_proxy, http_proxy, all_proxy, and the exceptions in no_proxy.
import type { WebSocketUrl } from "../handshake/url.ts";
import { environmentVariable } from "../transport/environment.ts";

/**
 * The URL of the proxy; undefined for none. As curl has it: names in lower case go before those in upper case, and an
 * upper-case HTTP_PROXY is not looked at, since in a CGI program a client can set it by a header named Proxy.
 */
export function proxyFromEnvironment(
  url: Pick<WebSocketUrl, "secure" | "hostname" | "port">,
): string | undefined {
  const exceptions = either("no_proxy") ?? "";
  if (exceptions.split(",").some((exception) => matches(exception.trim().toLowerCase(), url)))
    return undefined;
  const own = url.secure ? either("https_proxy") : environmentVariable("http_proxy");
  const found = own ?? either("all_proxy");
  return found === undefined || found.includes("://") ? found : `http://${found}`;
}

function either(name: string): string | undefined {
  return environmentVariable(name) ?? environmentVariable(name.toUpperCase());
}

/** A host, a domain with all below it, either with a port, or "*" for everything. */
function matches(exception: string, { hostname, port }: Pick<WebSocketUrl, "hostname" | "port">): boolean {
  if (exception === "*") return true;
  const [, name = "", itsPort] = /^\[?\*?\.?(.*?)\]?(?::(\d+))?$/.exec(bracketed(exception)) ?? [];
  if (name === "" || (itsPort !== undefined && Number(itsPort) !== port)) return false;
  return hostname === name || hostname.endsWith(`.${name}`);
}

/** An IPv6 address without brackets has no port. */
function bracketed(exception: string): string {
  return exception.split(":").length > 2 && !exception.startsWith("[") ? `[${exception}]` : exception;
}
