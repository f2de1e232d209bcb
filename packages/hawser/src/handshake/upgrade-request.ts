// UpgradeRequest: the request of a WebSocket as an application sees it, before the answer and after.
import { Buffer } from "node:buffer";
import { type Cookies, parseCookies } from "./cookie.ts";
import type { ResponseHead } from "./head.ts";
import { HeaderList } from "./header-list.ts";
import type { Opening } from "./opening.ts";

/** What the request itself does not say: where it came from, and what a router made of it. */
export interface RequestSurroundings {
  /** Of the peer; at a server as far as trusted proxies tell. Undefined where a transport has no addresses. */
  readonly remoteAddress: string | undefined;
  /** The client's connection is under TLS, ours or a trusted proxy's. */
  readonly secure: boolean;
  /** As the client asked for it: Host, or what a trusted proxy says it was. */
  readonly host: string;
}

/** What the pattern of a resource matched, by name. */
export type RequestParams = Readonly<Record<string, string>>;

/** What a path without a pattern matches. */
export const noParams: RequestParams = Object.freeze({});

const noHeaders = new HeaderList([]);
const noSubprotocols: readonly string[] = Object.freeze([]);

/**
 * A request for a WebSocket that has passed the rules of the handshake.
 *
 * @typeParam Params what the pattern of the resource matches: `{ room: string }` for `/chat/:room`, where that is known
 */
export class UpgradeRequest<Params extends RequestParams = RequestParams> {
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  /** The path of the target, not decoded. */
  readonly path: string;
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  /** Name and port the client asked for. */
  readonly host: string;
  /** What the pattern of the resource matched: `{ room: "a" }` for `/chat/:room`, percent-decoded. */
  params: Params;
  #headers: HeaderList;
  #subprotocols: readonly string[];
  #cookies: Cookies | undefined;
  #query: URLSearchParams | undefined;

  constructor(
    opening: Pick<Opening, "head" | "path" | "subprotocols">,
    surroundings: RequestSurroundings,
    params: Params,
  ) {
    const { method, target } = opening.head;
    // Others are refused by most versions; a constant costs no memory for each connection.
    this.method = method === "GET" ? "GET" : detached(method);
    // A query may hold a secret, which has no business in a memory of ours, and seldom comes again.
    this.target = target.includes("?") ? detached(target) : targets.of(target);
    this.path = opening.path === target ? this.target : detached(opening.path);
    this.remoteAddress = surroundings.remoteAddress;
    this.secure = surroundings.secure;
    this.host = hosts.of(surroundings.host);
    this.params = params;
    this.#headers = opening.head.headers;
    this.#subprotocols = opening.subprotocols;
  }

  /** All of them in the `upgrade` and `open` hooks; afterwards those named in `keep`. */
  get headers(): HeaderList {
    return this.#headers;
  }

  /** Of the page that asks; undefined outside browsers. */
  get origin(): string | undefined {
    const origin = this.#headers.get("origin");
    if (origin !== undefined) return origin;
    // The drafts from 4 to 10 have a name of their own for it. In other versions that header is anybody's, and nobody has checked it.
    const named = /^[4-8]$/.test(this.#headers.get("sec-websocket-version") ?? "");
    return named ? this.#headers.get("sec-websocket-origin") : undefined;
  }

  /** The subprotocols that the client offers, in its order of preference; empty after `open`. */
  get subprotocols(): readonly string[] {
    return this.#subprotocols;
  }

  /** By name, percent-decoded; the first of several. */
  get cookies(): Cookies {
    this.#cookies ??= parseCookies(this.#headers);
    return this.#cookies;
  }

  /** The query of the target. */
  get query(): URLSearchParams {
    const mark = this.target.indexOf("?");
    this.#query ??= new URLSearchParams(mark === -1 ? "" : this.target.slice(mark + 1));
    return this.#query;
  }

  /** @internal Forgets all headers but these: a server with a million connections keeps no million heads. */
  keepOnly(names: readonly string[]): void {
    this.#headers = keptHeaders(this.#headers, names);
    this.#subprotocols = noSubprotocols;
    this.#cookies = undefined;
    this.#query = undefined;
  }

  /** The request line: `GET /chat HTTP/1.1`. */
  toString(): string {
    return `${this.method} ${this.target} HTTP/1.1`;
  }
}

/** The lines with these names, whatever their case, in a list that holds on to nothing else. */
export function keptHeaders(headers: HeaderList, names: readonly string[]): HeaderList {
  if (names.length === 0) return noHeaders;
  const kept: (readonly [name: string, value: string])[] = [];
  for (const [name, value] of headers) {
    if (names.some((wanted) => wanted.toLowerCase() === name.toLowerCase()))
      kept.push([detached(name), detached(value)]);
  }
  return new HeaderList(kept);
}

/** What most connections remember of their answer: one object for all of them. */
const switched: ResponseHead = Object.freeze({
  status: 101,
  reason: "Switching Protocols",
  headers: noHeaders,
});

/** An answer with no headers but these. */
export function keptResponse(response: ResponseHead, names: readonly string[]): ResponseHead {
  const { status, reason } = response;
  const headers = keptHeaders(response.headers, names);
  const usual = status === switched.status && reason === switched.reason && headers === noHeaders;
  return usual ? switched : { status, reason: detached(reason), headers };
}

/** A string cut out of a head keeps the whole head alive; a copy does not. */
function detached(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

/** Detached strings, one after another the same for most requests: those share one copy. */
class Recurring {
  #last = "";

  of(text: string): string {
    if (text !== this.#last) this.#last = detached(text);
    return this.#last;
  }
}

const targets = new Recurring();
const hosts = new Recurring();
