// upgrade: WebSockets on an HTTP server that is already there, beside whatever else listens on it.
import type { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import { Duplex } from "node:stream";
import type { Peer } from "../accept/trust.ts";
import type { Application } from "../handlers/application.ts";
import { wantsWebSocket } from "../handshake/answer.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { RequestHead } from "../handshake/head.ts";
import { HeaderList } from "../handshake/header-list.ts";
import { warnOnce } from "../transport/warn.ts";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import { LiveServer } from "./live-server.ts";
import type { Endpoint, EndpointOptions } from "./options.ts";
import { checkGiven, endpointNames, resolveEndpoint } from "./options.ts";
import type { UpgradeEvent } from "./plain-http.ts";
import { afterEarlierAnswers, answerPlainly, isHandedOn, upgradeListeners } from "./plain-http.ts";
import { Reception } from "./reception.ts";
import { Roster } from "./roster.ts";

/** A server that says `upgrade`: an http.Server, an https.Server, or what a framework has made of one. */
export type UpgradeEmitter = Pick<EventEmitter, "on" | "off" | "listenerCount">;

/** All endpoints at one server. */
const endpointsAt = new WeakMap<UpgradeEmitter, Set<UpgradeEndpoint>>();

/** The WebSockets of an HTTP server. */
export class UpgradeEndpoint extends LiveServer {
  readonly #emitter: UpgradeEmitter | undefined;
  readonly #desk: Desk;
  readonly #listener = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#heard(request, socket, head);
  };

  /** @internal Use `upgrade`. */
  constructor(emitter: UpgradeEmitter | undefined, endpoint: Endpoint) {
    const roster = new Roster(endpoint.settings.limits);
    super(endpoint.settings, roster);
    this.#emitter = emitter;
    this.#desk = { endpoint, roster, reception: new Reception(endpoint, roster) };
    if (emitter === undefined) return;
    const beside = endpointsAt.get(emitter) ?? new Set();
    endpointsAt.set(emitter, beside.add(this));
    emitter.on("upgrade", this.#listener);
  }

  /**
   * Answers one request for which an HTTP server has said `upgrade`: for routers that decide themselves who does.
   *
   * The socket is the library's from this call on. Never throws because of the peer. A socket that a server of `serve` has
   * handed on to HTTP is left to that server, which hears of the same request.
   */
  handle(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    if (!(socket instanceof Duplex))
      throw new TypeError(`handle() takes a Duplex as socket, not ${describe(socket)}`);
    if (isHandedOn(socket)) return;
    afterEarlierAnswers(socket, () => receiveUpgrade({ request, socket, head }, this.#desk));
  }

  protected override async stopAccepting(): Promise<void> {
    if (this.#emitter === undefined) return;
    endpointsAt.get(this.#emitter)?.delete(this);
    this.#emitter.off("upgrade", this.#listener);
  }

  #heard(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (isHandedOn(socket)) return;
    const emitter = this.#emitter;
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (emitter === undefined || this.#leaves(path, emitter)) return;
    const wanted = wantsWebSocket(headOf(request));
    if (!wanted && upgradeListeners(emitter) === 1 && isHttpServer(emitter)) {
      const event = { request, socket, head };
      afterEarlierAnswers(socket, () => {
        const error = answerPlainly(emitter, event);
        if (error !== undefined) receiveUpgrade(event, this.#desk, undefined, error);
      });
    } else {
      this.handle(request, socket, head);
    }
  }

  /** Whether somebody else at the same server is to answer for this path. */
  #leaves(path: string, emitter: UpgradeEmitter): boolean {
    const ours = endpointsAt.get(emitter) ?? new Set();
    const strangers = upgradeListeners(emitter) > ours.size;
    if (strangers) {
      warnOnce(
        "shared-upgrade",
        "another listener answers upgrades on this server too; paths without a handler here are left to it",
      );
    }
    const first = [...ours].find((endpoint) => endpoint.#desk.reception.answers(path));
    if (first !== undefined) return first !== this;
    // Nobody of us has this path: a stranger may, and if there is none, one of us says no.
    return strangers || [...ours][0] !== this;
  }
}

/**
 * Takes over the WebSockets of an HTTP server that is already there.
 *
 * What Node's parser decides before us is in `docs/attaching.md`. Where another listener for `upgrade` is on the same server,
 * paths that no resource matches are left to it.
 *
 * @param server an http.Server, an https.Server, or null to call `endpoint.handle(request, socket, head)` oneself
 * @param handler a session, a handler or a behaviour, for every path that no resource matches; for its own, if it has one
 * @throws TypeError or RangeError for wrong options
 */
export function upgrade<Accepts extends Kind = Kind, State = undefined>(
  server: UpgradeEmitter | null,
  options: EndpointOptions<Accepts, State>,
  handler?: Application<Accepts, State>,
): UpgradeEndpoint {
  if (server !== null && typeof server?.on !== "function") {
    throw new TypeError(
      `upgrade() takes an http.Server or an https.Server (or null), not ${describe(server)}`,
    );
  }
  checkGiven("upgrade()", options, "{}");
  checkNames("upgrade()", options, endpointNames);
  if (options.trustProxy?.proxyProtocol === true) {
    throw new TypeError(
      "trustProxy.proxyProtocol needs serve(): under upgrade() the HTTP server reads first",
    );
  }
  return new UpgradeEndpoint(server ?? undefined, resolveEndpoint("upgrade()", options, handler));
}

/** Where requests that Node has parsed are received. */
export interface Desk {
  readonly endpoint: Endpoint;
  readonly roster: Roster;
  readonly reception: Reception;
}

/**
 * Puts a request that Node has parsed before the reception.
 *
 * @param peer who is at the other end, where that is known
 * @param wrong what is known to be wrong with it
 */
export function receiveUpgrade(
  event: UpgradeEvent,
  { endpoint, roster, reception }: Desk,
  peer?: Peer,
  wrong?: HandshakeError,
): void {
  const { request, socket, head } = event;
  const options = { head, headWasRead: true, peer };
  const doorstep = roster.receive(socket, endpoint.settings, options);
  if (doorstep === undefined) return;
  const error = wrong ?? letThrough(request, endpoint.settings.limits.headers);
  if (error === undefined) reception.receive(headOf(request), doorstep);
  else reception.refuse(error, doorstep);
}

/** What our own reader of heads would have refused, and Node's does not. */
function letThrough(request: IncomingMessage, mostLines: number): HandshakeError | undefined {
  // Node forgets the lines beyond its own limit without a word, and what it forgets might matter.
  if (request.rawHeaders.length / 2 > mostLines) {
    const message = `the request has more than ${mostLines} header lines (limits.headers)`;
    return new HandshakeError(message, { status: 431, rule: "RFC 6585 §5" });
  }
  if (request.httpVersionMajor <= 1) return undefined;
  return new HandshakeError("this port speaks HTTP/1.1", { status: 505, rule: "RFC 9112 §2.3" });
}

/** The head of a request, as Node tells it. */
export function headOf(request: IncomingMessage): RequestHead {
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    version: request.httpVersion,
    headers: HeaderList.fromRaw(request.rawHeaders),
  };
}

function isHttpServer(value: unknown): value is HttpServer {
  return value instanceof HttpServer || value instanceof HttpsServer;
}
