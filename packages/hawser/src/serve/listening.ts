// Listening: where a server listens, and the sockets that come from there, under TLS or not.
import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { AddressInfo, ListenOptions } from "node:net";
import { createServer, Server as NetServer, type Socket } from "node:net";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { createServer as createTlsServer, Server as TlsServer } from "node:tls";
import type { Clock } from "../transport/clock.ts";
import { Timer } from "../transport/clock.ts";
import { warnOnce } from "../transport/warn.ts";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";

/** Where to listen: exactly one of `port`, `socketPath`, `fd` and `listener`. */
export interface ListenPlace {
  /** A TCP port; 0 for a free one. */
  readonly port?: number | undefined;
  /** With `port`: the address to listen on. Default: all. */
  readonly host?: string | undefined;
  /** With `port`: how many connections the system may hold until we take them. Default: Node's, 511. */
  readonly backlog?: number | undefined;
  /** A Unix socket, or a Windows pipe. */
  readonly socketPath?: string | undefined;
  /** A descriptor that listens already, as systemd hands one over. */
  readonly fd?: number | undefined;
  /** A net.Server or tls.Server of the caller's, listening or about to. It is closed with the server. */
  readonly listener?: NetServer | undefined;
}

/** The names of `ListenPlace`. */
export const placeNames: readonly (keyof ListenPlace)[] = [
  "port",
  "host",
  "backlog",
  "socketPath",
  "fd",
  "listener",
];

/** Who gets the sockets. */
interface SocketTaker {
  /** Whether another one is welcome: asked before a TLS handshake. False: it is reset, and counted. */
  readonly full: boolean;
  shed(): void;
  /** A TLS handshake began (+1) or ended (-1). */
  securing(change: 1 | -1): void;
  tlsFailed(): void;
  /** A function of the application's in the option `tls` threw. */
  fault(error: unknown): void;
  /** A socket is ready to be read. `since`: when it was accepted, on the taker's clock. */
  take(socket: Socket, since: number): void;
}

/** What a Listening is made of. */
export interface ListeningOptions {
  readonly place: ListenPlace;
  readonly tls: TlsOptions | undefined;
  /** For the TLS handshake, in milliseconds. */
  readonly handshakeTimeout: number;
  readonly clock: Clock;
  readonly taker: SocketTaker;
}

/**
 * Checks where to listen.
 *
 * @throws TypeError unless it is exactly one place; RangeError for a port that is none
 */
export function checkPlace(place: ListenPlace): void {
  const named = (["port", "socketPath", "fd", "listener"] as const).filter(
    (name) => place[name] !== undefined,
  );
  if (named.length !== 1) {
    const found = named.length === 0 ? "none" : named.join(" and ");
    throw new TypeError(
      `serve() listens at exactly one of port, socketPath, fd and listener; given: ${found}`,
    );
  }
  const { port, host, backlog, fd, listener } = place;
  if (port === undefined && (host !== undefined || backlog !== undefined)) {
    throw new TypeError("host and backlog go with port");
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new RangeError(`port must be a whole number from 0 to 65535, not ${describe(port)}`);
  }
  if (fd !== undefined && !(Number.isInteger(fd) && fd >= 0)) {
    throw new RangeError(`fd must be a descriptor, a whole number from 0, not ${describe(fd)}`);
  }
  if (listener !== undefined && !(listener instanceof NetServer)) {
    throw new TypeError(`listener must be a net.Server or a tls.Server, not ${describe(listener)}`);
  }
  if (listener instanceof HttpServer || listener instanceof HttpsServer) {
    throw new TypeError("listener is an HTTP server, which reads its sockets itself: use upgrade()");
  }
}

/** A socket in its TLS handshake. A deadline of Node's would be one of silence, which a byte now and then puts off. */
class Securing extends Timer {
  readonly socket: Socket;
  readonly since: number;

  constructor(socket: Socket, since: number) {
    super();
    this.socket = socket;
    this.since = since;
  }

  override expired(): void {
    this.socket.destroy();
  }
}

/** A listening socket, and the TLS in front of it. */
export class Listening {
  readonly #options: ListeningOptions;
  readonly #listener: NetServer;
  /** TLS of ours: it never listens, but gets the sockets that may come in. */
  readonly #tls: TlsServer | undefined;
  readonly #securing = new Set<Securing>();
  #address: AddressInfo | string | null = null;

  constructor(options: ListeningOptions) {
    this.#options = options;
    const { place, tls } = options;
    this.#listener = place.listener ?? createServer({ noDelay: true, allowHalfOpen: true });
    if (tls !== undefined) this.#tls = this.#createTls(tls);
    if (this.#listener instanceof TlsServer) {
      this.#listener.on("secureConnection", (socket) => this.#take(socket, this.#options.clock.now()));
      this.#listener.on("tlsClientError", () => this.#options.taker.tlsFailed());
    } else {
      this.#listener.on("connection", (socket) => this.#arrived(socket));
    }
  }

  /** The port, 0 where there is none. */
  get port(): number {
    const { place } = this;
    return place !== null && typeof place === "object" ? place.port : 0;
  }

  get address(): AddressInfo | string | null {
    return this.#listener.address();
  }

  /** Where it listens, or listened. */
  get place(): AddressInfo | string | null {
    return this.#address;
  }

  get secure(): boolean {
    return this.#tls !== undefined || this.#listener instanceof TlsServer;
  }

  /** Resolves when it listens; rejects with the error of Node if it cannot. */
  listen(): Promise<void> {
    const listener = this.#listener;
    return new Promise((resolve, reject) => {
      const ready = () => {
        this.#address = listener.address();
        listener.off("error", reject);
        // After this, errors are of single sockets that could not be accepted (EMFILE): the next may be.
        listener.on("error", (error) =>
          warnOnce("accept", `a connection could not be accepted: ${error.message}`),
        );
        resolve();
      };
      if (listener.listening) {
        ready();
        return;
      }
      listener.once("error", reject);
      listener.once("listening", ready);
      if (this.#options.place.listener === undefined) listener.listen(this.#listenOptions());
    });
  }

  /** Stops accepting. The port is free when this returns; live connections keep nobody waiting. */
  stop(): void {
    for (const { socket } of this.#securing) socket.destroy();
    this.#listener.close();
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }

  /** @throws TypeError without TLS of ours; what node:tls throws for a certificate that is none */
  setTls(context: SecureContextOptions): void {
    if (this.#tls === undefined)
      throw new TypeError("setTls() needs a server that was made with the option tls");
    this.#tls.setSecureContext(context);
  }

  #listenOptions(): ListenOptions | { fd: number } {
    const { port, host, backlog, socketPath, fd } = this.#options.place;
    if (fd !== undefined) return { fd };
    if (socketPath !== undefined) return { path: socketPath };
    return { port, host, backlog };
  }

  #createTls(options: TlsOptions): TlsServer {
    const { taker } = this.#options;
    const { SNICallback: chooseContext } = options;
    const server = createTlsServer({
      // HTTP/2 is not spoken here; whoever insists on it is told so by the alert of RFC 7301 §3.2.
      ...(options.ALPNCallback === undefined && { ALPNProtocols: ["http/1.1"] }),
      // Ours is the deadline.
      handshakeTimeout: 2 ** 31 - 1,
      ...options,
      ...(chooseContext && { SNICallback: guarded(chooseContext, (error) => taker.fault(error)) }),
    });
    server.on("secureConnection", (socket) => this.#take(socket, this.#secured(socket)));
    server.on("tlsClientError", (_error, socket) => {
      taker.tlsFailed();
      socket.destroy();
    });
    return server;
  }

  #arrived(socket: Socket): void {
    const { taker, clock, handshakeTimeout } = this.#options;
    if (this.#tls === undefined) {
      taker.take(socket, clock.now());
      return;
    }
    if (taker.full) {
      taker.shed();
      socket.on("error", () => undefined);
      socket.resetAndDestroy();
      return;
    }
    const securing = new Securing(socket, clock.now());
    this.#securing.add(securing);
    taker.securing(1);
    clock.schedule(securing, securing.since + handshakeTimeout);
    socket.once("close", () => this.#forget(securing));
    // Else a client that hangs up in the middle would be waited for: TLS takes this over from the socket.
    socket.allowHalfOpen = false;
    this.#tls.emit("connection", socket);
  }

  /** When the socket below a TLS socket came. Node does not say which it is: it has the same two ends. */
  #secured(secure: Socket): number {
    for (const securing of this.#securing) {
      const { remotePort, remoteAddress } = securing.socket;
      if (remotePort !== secure.remotePort || remoteAddress !== secure.remoteAddress) continue;
      this.#forget(securing);
      return securing.since;
    }
    return this.#options.clock.now();
  }

  #forget(securing: Securing): void {
    this.#options.clock.cancel(securing);
    if (this.#securing.delete(securing)) this.#options.taker.securing(-1);
  }

  #take(socket: Socket, since: number): void {
    this.#options.taker.take(socket, since);
  }
}

type ChooseContext = NonNullable<TlsOptions["SNICallback"]>;

/** An SNICallback whose errors, thrown or rejected, end one handshake and nothing else. */
function guarded(choose: ChooseContext, onFault: (error: unknown) => void): ChooseContext {
  return (name, done) => {
    const fail = (error: unknown) => {
      onFault(error);
      done(error instanceof Error ? error : new Error("SNICallback threw", { cause: error }));
    };
    try {
      const pending: unknown = choose(name, done);
      if (pending instanceof Promise) pending.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

/** Checks the option `tls`. */
export function checkTls(given: TlsOptions | undefined, place: ListenPlace): void {
  checkNames("the listening place", place, placeNames);
  if (given === undefined) return;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`tls must be an object, as { key, cert }, not ${describe(given)}`);
  }
  if (place.listener instanceof TlsServer)
    throw new TypeError("tls does not go with a listener that is a tls.Server");
}
