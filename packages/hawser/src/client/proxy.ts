// Proxies: which one is in the way of a URL.
import { basicAuthorization } from "../handshake/basic-authorization.ts";
import type { WebSocketUrl } from "../handshake/url.ts";
import { describe } from "../wire/errors.ts";
import type { ProxyAgent, Tunnel } from "./destination.ts";
import type { Network } from "./network.ts";
import { isProxyAgent, throughAgent } from "./proxy-agent.ts";
import { tunnelThrough } from "./proxy-connect.ts";
import { proxyFromEnvironment } from "./proxy-environment.ts";

/** Where proxies are, as options have them. */
export type ProxyChoice = URL | ProxyAgent | "environment" | undefined;

/**
 * Checks the option `proxy`.
 *
 * @throws TypeError for what is neither the URL of an HTTP proxy, an agent, nor "environment"
 */
export function checkProxy(given: unknown): ProxyChoice {
  if (given === undefined || given === "environment") return given;
  if (typeof given === "string" || given instanceof URL) return httpProxy("proxy", String(given));
  if (isProxyAgent(given)) return given;
  throw new TypeError(
    `proxy must be the URL of an HTTP proxy, an agent for node:http with a method connect, or "environment", not ${describe(given)}`,
  );
}

/**
 * The way through the proxy that is set for this URL; undefined for none.
 *
 * @throws TypeError for a variable of the environment that names no HTTP proxy. To go around what it names would be the one
 *   thing that nobody can have meant by it.
 */
export function proxyFor(
  url: WebSocketUrl,
  { proxy, network }: { readonly proxy: ProxyChoice; readonly network: Network },
): Tunnel | undefined {
  const chosen = proxy === "environment" ? environmentProxy(url) : proxy;
  if (chosen instanceof URL) return tunnelThrough(chosen, network);
  return chosen && throughAgent(chosen);
}

function environmentProxy(url: WebSocketUrl): URL | undefined {
  const found = proxyFromEnvironment(url);
  return found && httpProxy(`${found.variable}, in the environment,`, found.proxy);
}

/** @param what is named in errors */
function httpProxy(what: string, given: string): URL {
  // Errors end in logs.
  const shown = describe(given.replace(/^([^:/]*:\/\/)?.*@/s, "$1***@"));
  if (!URL.canParse(given)) {
    throw new TypeError(`${what} must be a URL, as "http://proxy:3128", not ${shown}`);
  }
  const url = new URL(given);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(
      `${what} is ${shown}, and by URL there are http and https; for SOCKS give an agent, as new SocksProxyAgent(url) of socks-proxy-agent`,
    );
  }
  try {
    basicAuthorization(url);
  } catch (error) {
    throw new TypeError(`${what} is ${shown}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return url;
}
