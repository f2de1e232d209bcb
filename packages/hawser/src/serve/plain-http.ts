// What is not a WebSocket: sockets handed on to an http.Server, and requests that Node takes for something else than they are.
import { Buffer } from "node:buffer";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, Server as HttpServer, ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import { Duplex } from "node:stream";
import type { Peer } from "../accept/trust.ts";
import { listMembers } from "../handshake/field-syntax.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { printHead } from "../handshake/head.ts";
import { HeaderList } from "../handshake/header-list.ts";
import type { PlainHttp } from "./options.ts";

/** What comes with the `upgrade` event. */
export interface UpgradeEvent {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** The bytes behind the request. */
  readonly head: Uint8Array;
}

/** A socket that was handed on. */
interface HandedOn {
  readonly peer: Peer;
  /** Requests that are not answered yet. The first is counted from the start: its head was there already. */
  busy: number;
  isFirst: boolean;
}

/** Who hands sockets on. */
interface HandOverOwner {
  /** A kept-alive connection may ask for a WebSocket with a later request: proxies reuse connections. */
  upgrade(event: UpgradeEvent): void;
  /** A socket more (+1), or one less (-1). */
  holds(change: 1 | -1): void;
}

/** The channel on which Node tells of every request that an http.Server will answer: { request, response, socket, server }. */
const REQUEST_START = "http.server.request.start";

/** Who handed a socket on. Not forgotten when it is taken back: others at the server may yet hear of the same upgrade. */
const handedOnBy = new WeakMap<Duplex, HandOver>();
/** All who hand sockets on to one server. */
const handOversAt = new WeakMap<object, Set<HandOver>>();

/** Whether a server of ours handed this socket on: then it is the one that answers its upgrades. */
export function isHandedOn(socket: Duplex): boolean {
  return handedOnBy.has(socket);
}

/** How many listen for upgrades on a server, without those that hand sockets on to it. */
export function upgradeListeners(server: Pick<EventEmitter, "listenerCount">): number {
  return server.listenerCount("upgrade") - (handOversAt.get(server)?.size ?? 0);
}

/** An http.Server that gets its sockets from us. */
export class HandOver {
  readonly server: HttpServer;
  readonly #ours: boolean;
  readonly #owner: HandOverOwner;
  readonly #sockets = new Map<Duplex, HandedOn>();
  /** Set when we close: called when the last socket is gone. */
  #onEmpty: (() => void) | undefined;
  readonly #upgraded: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  // Not the event `request`: what expects something (RFC 9110 §10.1.1) comes as another event, or is answered by Node itself,
  // as is a request without Host; and to listen to those other events would be to promise their answers.
  readonly #started = (message: unknown): void => {
    if (!isStart(message)) return;
    const { response, socket } = message;
    const handedOn = this.#sockets.get(socket);
    if (handedOn === undefined) return;
    if (handedOn.isFirst) handedOn.isFirst = false;
    else handedOn.busy += 1;
    response.once("close", () => {
      handedOn.busy -= 1;
      if (this.#onEmpty !== undefined && handedOn.busy === 0) socket.end();
    });
  };

  constructor(http: PlainHttp, owner: HandOverOwner) {
    this.#owner = owner;
    this.#ours = !(http instanceof HttpServer);
    this.server = http instanceof HttpServer ? http : createServer(http);
    this.#upgraded = (request, socket, head) => {
      if (this.#answers(socket)) owner.upgrade({ request, socket, head });
    };
    const beside = handOversAt.get(this.server) ?? new Set();
    handOversAt.set(this.server, beside.add(this));
    this.server.on("upgrade", this.#upgraded);
    subscribe(REQUEST_START, this.#started);
    // A server that does not listen never starts to look after its timeouts (headersTimeout, requestTimeout).
    if (!this.server.listening) this.server.emit("listening");
  }

  /** Gives it a socket that is paused, with all bytes that came put back: in this order none of them overtakes another. */
  take(socket: Duplex, peer: Peer): void {
    handedOnBy.set(socket, this);
    this.#sockets.set(socket, { peer, busy: 1, isFirst: true });
    this.#owner.holds(1);
    socket.once("close", () => this.takeBack(socket));
    this.server.emit("connection", socket);
    socket.resume();
  }

  /** The socket is not HTTP's any more. Returns who is at its other end, if it came from us. */
  takeBack(socket: Duplex): Peer | undefined {
    const handedOn = this.#sockets.get(socket);
    if (this.#sockets.delete(socket)) this.#owner.holds(-1);
    if (this.#sockets.size === 0) this.#onEmpty?.();
    return handedOn?.peer;
  }

  /** Ends the sockets that wait for their next request. Resolves when the others have had their answer. */
  close(): Promise<void> {
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const [socket, { busy }] of this.#sockets) if (busy === 0) socket.destroy();
    if (this.#sockets.size === 0) this.#onEmpty?.();
    return emptied.then(() => this.#release());
  }

  /** Drops what is not finished. */
  drop(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  /** Whether an upgrade on this socket is ours to answer: all who share the server hear of it. */
  #answers(socket: Duplex): boolean {
    const by = handedOnBy.get(socket);
    if (by !== undefined) return by === this;
    // The server listens itself. Node leaves the socket open for ever if nobody answers.
    const [first] = handOversAt.get(this.server) ?? [];
    return first === this && upgradeListeners(this.server) === 0;
  }

  #release(): void {
    handOversAt.get(this.server)?.delete(this);
    this.server.off("upgrade", this.#upgraded);
    unsubscribe(REQUEST_START, this.#started);
    // It does not listen, and says so to this callback; what matters is that its timers stop.
    if (this.#ours) this.server.close(() => undefined);
  }
}

/**
 * Has a request answered that Node calls an upgrade, but that asks for no WebSocket, as the plain request it also is: a server
 * may ignore Upgrade (RFC 9110 §7.8), and curl offers h2c with every first request of HTTP/2.
 *
 * The server reads it once more, without the offer: so it finds the body, and keeps the connection.
 *
 * @returns what is wrong with it, if it cannot be said once more: a server with `insecureHTTPParser` lets through what may not
 *   be sent. Nothing was done then
 */
export function answerPlainly(
  server: HttpServer,
  { request, socket, head }: UpgradeEvent,
): HandshakeError | undefined {
  let printed: Buffer;
  try {
    const lines = [...HeaderList.fromRaw(request.rawHeaders)].flatMap(withoutOffer);
    printed = printHead(`${request.method} ${request.url} HTTP/${request.httpVersion}`, lines);
  } catch (cause) {
    const message = "the request has a control character in its head";
    return new HandshakeError(message, { status: 400, rule: "RFC 9110 §5.5", cause });
  }
  socket.pause();
  socket.unshift(Buffer.concat([printed, head]));
  // To an https.Server the other event brings what is to be secured first, and this socket is secured.
  server.emit(server instanceof HttpsServer ? "secureConnection" : "connection", socket);
  socket.resume();
  return undefined;
}

interface RequestStart {
  readonly response: ServerResponse;
  readonly socket: Duplex;
}

function isStart(message: unknown): message is RequestStart {
  if (typeof message !== "object" || message === null) return false;
  if (!("response" in message) || !("socket" in message)) return false;
  return message.response instanceof ServerResponse && message.socket instanceof Duplex;
}

type Line = readonly [name: string, value: string];

function withoutOffer([name, value]: Line): readonly Line[] {
  const lower = name.toLowerCase();
  if (lower === "upgrade" || lower === "http2-settings") return [];
  if (lower !== "connection") return [[name, value]];
  const kept = listMembers(value).filter((member) => !/^(?:upgrade|http2-settings)$/i.test(member));
  return kept.length === 0 ? [] : [[name, kept.join(", ")]];
}

/** Waits until what was asked for before on this socket is answered: a client may have sent its requests in one go. */
export function afterEarlierAnswers(socket: Duplex, next: () => void): void {
  const answering: unknown = "_httpMessage" in socket ? socket._httpMessage : undefined;
  if (!(answering instanceof ServerResponse)) {
    next();
    return;
  }
  // Node has let go of the socket: until we are heard of, its errors are nobody's.
  const onError = () => socket.destroy();
  socket.on("error", onError);
  answering.once("close", () => {
    socket.off("error", onError);
    if (socket.writable) afterEarlierAnswers(socket, next);
    else socket.destroy();
  });
}
