// What is not a WebSocket: sockets handed on to an http.Server, and requests that Node takes for something else than they are.
import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { createServer, Server as HttpServer, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { PlainHttp } from "./options.ts";

/** Answers a request in which Node's parser found an upgrade. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** An http.Server that gets its sockets from us. */
export class HandOver {
  readonly server: HttpServer;
  readonly #ours: boolean;
  readonly #onUpgrade: UpgradeListener;

  /** @param onUpgrade a kept-alive connection may ask for a WebSocket with a later request: proxies reuse connections */
  constructor(http: PlainHttp, onUpgrade: UpgradeListener) {
    this.#ours = !(http instanceof HttpServer);
    this.server = http instanceof HttpServer ? http : createServer(http);
    this.#onUpgrade = onUpgrade;
    this.server.on("upgrade", onUpgrade);
    // A server that does not listen never starts to look after its timeouts (headersTimeout, requestTimeout).
    if (!this.server.listening) this.server.emit("listening");
  }

  /** Gives it a socket that is paused, with all bytes that came put back: in this order none of them overtakes another. */
  take(socket: Duplex): void {
    this.server.emit("connection", socket);
    socket.resume();
  }

  /** Lets go of the server: idle connections are closed, others may finish their request. */
  close(): void {
    this.server.off("upgrade", this.#onUpgrade);
    // It does not listen, and says so to this callback; what matters is that its timers stop.
    if (this.#ours) this.server.close(() => undefined);
    this.server.closeIdleConnections();
  }

  /** Drops what did not finish. */
  drop(): void {
    if (this.#ours) this.server.closeAllConnections();
  }
}

/**
 * Answers a request that Node calls an upgrade, but that asks for no WebSocket, as the plain request it also is: a server may
 * ignore Upgrade (RFC 9110 §7.8), and curl offers h2c with every first request of HTTP/2.
 */
export function answerPlainly(server: HttpServer, request: IncomingMessage, socket: Duplex): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // Node has let go of the socket: from here on its errors are ours to hear.
  socket.on("error", () => socket.destroy());
  if (socket instanceof Socket) response.assignSocket(socket);
  response.on("finish", () => socket.end());
  server.emit("request", request, response);
}
