// Proxies: which one is in the way of a URL, and how it is asked for a tunnel.
import type { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Duplex } from "node:stream";
import { basicAuthorization } from "../handshake/basic-authorization.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { HeaderList } from "../handshake/header-list.ts";
import type { WebSocketUrl } from "../handshake/url.ts";
import { destroyStream } from "../transport/destroy-stream.ts";
import { describe } from "../wire/errors.ts";
import type { Destination, ProxyAgent } from "./destination.ts";
import { unlessAborted } from "./patience.ts";
import { proxyFromEnvironment } from "./proxy-environment.ts";

/** Makes a stream to a destination. */
export type Tunnel = (destination: Destination) => Promise<Duplex>;

/** Where proxies are, as options have them. */
export type ProxyChoice = URL | ProxyAgent | "environment" | undefined;

/**
 * Checks the option `proxy`.
 *
 * @throws TypeError for what is neither the URL of an HTTP proxy, an agent, nor "environment"
 */
export function checkProxy(given: unknown): ProxyChoice {
  if (given === undefined || given === "environment") return given;
  if (typeof given === "string" || given instanceof URL) return httpProxy(given);
  if (isAgent(given)) return given;
  throw new TypeError(
    `proxy must be the URL of an HTTP proxy, an agent with a method connect, or "environment", not ${describe(given)}`,
  );
}

/** The way through the proxy that is set for this URL; undefined for none. */
export function proxyFor(url: WebSocketUrl, proxy: ProxyChoice): Tunnel | undefined {
  if (proxy === "environment") {
    const found = proxyFromEnvironment(url);
    return found === undefined ? undefined : tunnelThrough(httpProxy(found));
  }
  if (proxy instanceof URL) return tunnelThrough(proxy);
  return proxy && ((destination) => throughAgent(proxy, destination));
}

function httpProxy(given: string | URL): URL {
  const text = String(given).replace(/\/\/[^/@]*@/, "//***@");
  if (!URL.canParse(String(given)))
    throw new TypeError(`proxy must be a URL, as "http://proxy:3128", not ${describe(text)}`);
  const url = new URL(given);
  if (url.protocol === "http:" || url.protocol === "https:") {
    authorizationOf(url);
    return url;
  }
  throw new TypeError(
    `proxy ${text}: by URL there are http and https; for SOCKS give an agent, as new SocksProxyAgent(url) of socks-proxy-agent`,
  );
}

/** RFC 9110 §9.3.6: CONNECT makes a proxy a tunnel. */
function tunnelThrough(proxy: URL): Tunnel {
  return (destination) => {
    const { host, port, signal } = destination;
    const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const made = new Promise<Duplex>((resolve, reject) => {
      const request = (proxy.protocol === "https:" ? httpsRequest : httpRequest)({
        host: proxy.hostname.replace(/^\[|\]$/g, ""),
        ...(proxy.port !== "" && { port: proxy.port }),
        method: "CONNECT",
        path: authority,
        headers: { Host: authority, ...authorizationOf(proxy) },
        agent: false,
        signal,
      });
      request.on("connect", ({ statusCode = 0, rawHeaders, statusMessage }, socket, head: Buffer) => {
        if (statusCode >= 200 && statusCode < 300) {
          if (head.length > 0) socket.unshift(head);
          resolve(socket);
          return;
        }
        socket.destroy();
        const message = `the proxy ${proxy.host} refused a tunnel to ${authority}: ${statusCode} ${statusMessage}`;
        reject(new HandshakeError(message, { status: statusCode, headers: HeaderList.fromRaw(rawHeaders) }));
      });
      request.on("error", (error) => {
        const message = `the proxy ${proxy.host} could not be used: ${error.message}`;
        reject(new HandshakeError(message, { status: 0, cause: error }));
      });
      request.end();
    });
    return unlessAborted(signal, made, destroyStream);
  };
}

/** RFC 9110 §11.7.2. */
function authorizationOf(proxy: URL): Record<string, string> {
  const authorization = basicAuthorization(proxy);
  return authorization === undefined ? {} : { "Proxy-Authorization": authorization };
}

/** An object with a method to be called, whatever it takes. */
interface Connectable {
  connect(request: AgentRequest, options: object): unknown;
}

function isAgent(given: unknown): given is ProxyAgent & Connectable {
  return (
    typeof given === "object" && given !== null && "connect" in given && typeof given.connect === "function"
  );
}

/** What agents look at of the request that they believe to serve; a refusal of the proxy they play back as its answer. */
class AgentRequest extends EventEmitter {
  readonly method = "GET";
  readonly path = "/";
  readonly host: string;

  constructor(host: string) {
    super();
    this.host = host;
  }

  getHeader(name: string): string | undefined {
    const lower = name.toLowerCase();
    return lower === "host" ? this.host : lower === "upgrade" ? "websocket" : undefined;
  }
}

async function throughAgent(agent: ProxyAgent, destination: Destination): Promise<Duplex> {
  const { host, port, signal } = destination;
  const request = new AgentRequest(host);
  let next: unknown = agent;
  // Some agents give another agent: proxy-agent does. None need more than a few.
  for (let step = 0; step < 4 && isAgent(next) && !(next instanceof Duplex); step += 1) {
    // TLS is ours to speak: the agents differ in what they check.
    const made = Promise.resolve(next.connect(request, { host, port, secureEndpoint: false, signal }));
    next = await unlessAborted(signal, made, discard);
  }
  if (!(next instanceof Duplex)) throw new TypeError(`the agent must give a Duplex, not ${describe(next)}`);
  request.emit("socket", next);
  return next;
}

function discard(made: unknown): void {
  if (made instanceof Duplex) destroyStream(made);
}
