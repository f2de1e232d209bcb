// Agents, as npm has them for every kind of proxy: objects made for node:http that give a stream to a place.
import { EventEmitter } from "node:events";
import { Agent as HttpAgent } from "node:http";
import { Duplex } from "node:stream";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { HeaderList } from "../handshake/header-list.ts";
import { describe } from "../wire/errors.ts";
import { drop } from "./adopt.ts";
import { authorityOf, type Destination, type ProxyAgent, type Tunnel } from "./destination.ts";
import { unlessAborted } from "./patience.ts";

/** An object with a method to be called, whatever it takes. */
interface Connectable {
  connect(request: AgentRequest, options: object): unknown;
}

/** Whether this can be asked for a stream. Sockets, and undici's agents, have a `connect` that is something else. */
export function isProxyAgent(given: unknown): given is ProxyAgent & Connectable {
  return (
    typeof given === "object" &&
    given !== null &&
    "connect" in given &&
    typeof given.connect === "function" &&
    !("dispatch" in given) &&
    !(given instanceof Duplex)
  );
}

/**
 * Asks an agent for a stream.
 *
 * @returns a function that rejects with HandshakeError: `status` is the proxy's where the agent tells of a refusal, and 0 with
 *   the agent's error as `cause` for all else; TypeError for an agent that gives no stream
 */
export function throughAgent(agent: ProxyAgent): Tunnel {
  return async (destination) => {
    const { host, port, signal } = destination;
    const request = new AgentRequest(destination);
    // TLS is ours to speak: agents differ in what they check.
    const options = { host, port, secureEndpoint: false, signal };
    let made: unknown = agent;
    // Some agents give another agent: proxy-agent does. None need more than a few.
    for (let step = 0; step < 4 && isProxyAgent(made); step += 1) {
      made = await unlessAborted(signal, asked(made, request, options), drop);
    }
    // Node's own agent, in the place of one for a proxy, is how proxy-agent says that there is none on the way.
    if (made instanceof HttpAgent && !isProxyAgent(made)) return undefined;
    if (!(made instanceof Duplex)) throw new TypeError(`the agent must give a Duplex, not ${describe(made)}`);
    if (request.refusal !== undefined) {
      drop(made);
      throw request.refusal;
    }
    request.emit("socket", made);
    return made;
  };
}

async function asked(agent: Connectable, request: AgentRequest, options: object): Promise<unknown> {
  try {
    return await agent.connect(request, options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `the agent could not connect to ${request.authority}: ${why}`;
    throw new HandshakeError(message, { status: 0, cause: error });
  }
}

/** What agents look at of the request that they believe to serve. */
class AgentRequest extends EventEmitter {
  readonly method = "GET";
  /** In the absolute form that proxies get (RFC 9112 §3.2.2): agents that choose by URL see its scheme. */
  readonly path: string;
  readonly authority: string;
  /** What the proxy said, if that was no. */
  refusal: HandshakeError | undefined;

  constructor(destination: Destination) {
    super();
    this.authority = authorityOf(destination);
    this.path = `${destination.secure ? "wss" : "ws"}://${this.authority}/`;
    // Of https-proxy-agent, which then gives a stream that plays back the refusal for a parser of node:http.
    this.on("proxyConnect", (answer: unknown) => {
      this.refusal = refusalIn(answer, this.authority);
    });
  }

  getHeader(name: string): string | undefined {
    const lower = name.toLowerCase();
    return lower === "host" ? this.authority : lower === "upgrade" ? "websocket" : undefined;
  }

  destroy(): this {
    // Agents that give up after a while destroy the stream as well.
    return this;
  }
}

function refusalIn(answer: unknown, authority: string): HandshakeError | undefined {
  if (typeof answer !== "object" || answer === null || !("statusCode" in answer)) return undefined;
  const { statusCode: status } = answer;
  if (typeof status !== "number" || status === 200) return undefined;
  const reason = "statusText" in answer ? ` ${String(answer.statusText).replace(/[^ -~]/g, "?")}` : "";
  const given: object =
    "headers" in answer && typeof answer.headers === "object" && answer.headers !== null
      ? answer.headers
      : {};
  const lines = Object.entries(given).flatMap(([name, values]): [string, string][] =>
    [values].flat().map((value) => [name, String(value)]),
  );
  const headers = new HeaderList(lines);
  const message = `the proxy refused a tunnel to ${authority}: ${status}${reason}`;
  return new HandshakeError(message, { status, headers, body: "" });
}
