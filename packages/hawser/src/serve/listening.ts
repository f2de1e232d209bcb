// Listening: where a server listens, and the sockets that come from there, under TLS or not.
import type { AddressInfo, ListenOptions } from "node:net";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { Server as TlsServer } from "node:tls";
import type { Clock } from "../transport/clock.ts";
import { warnOnce } from "../transport/warn.ts";
import type { ListenPlace } from "./place.ts";
import { TlsFront, type TlsTaker } from "./tls-front.ts";

/** Who gets the sockets. */
interface SocketTaker extends TlsTaker {
  /** Whether another one is welcome: asked before a TLS handshake. False: it is reset, and counted. */
  readonly full: boolean;
  shed(): void;
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

/** A listening socket, and the TLS in front of it. */
export class Listening {
  readonly #options: ListeningOptions;
  readonly #listener: NetServer;
  /** TLS of ours. */
  readonly #tls: TlsFront | undefined;
  #address: AddressInfo | string | null = null;

  constructor(options: ListeningOptions) {
    this.#options = options;
    const { place, tls } = options;
    this.#listener = place.listener ?? createServer({ noDelay: true, allowHalfOpen: true });
    if (tls !== undefined) this.#tls = new TlsFront({ ...options, tls });
    if (this.#listener instanceof TlsServer) {
      this.#listener.on("secureConnection", (socket) =>
        this.#options.taker.take(socket, this.#options.clock.now()),
      );
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
    this.#tls?.stop();
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
    this.#tls.setContext(context);
  }

  #listenOptions(): ListenOptions | { fd: number } {
    const { port, host, backlog, socketPath, fd } = this.#options.place;
    if (fd !== undefined) return { fd };
    if (socketPath !== undefined) return { path: socketPath };
    return { port, host, backlog };
  }

  #arrived(socket: Socket): void {
    const { taker, clock } = this.#options;
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
    this.#tls.secure(socket);
  }
}
