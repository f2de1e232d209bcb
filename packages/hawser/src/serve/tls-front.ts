// The TLS in front of a server: sockets go in, and come out secured, or not at all.
//
// The tls.Server here never listens: it is given the sockets that may come in, which its event `connection` is documented for.
import type { Socket } from "node:net";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { createServer, type Server } from "node:tls";
import type { Clock } from "../transport/clock.ts";
import { Timer } from "../transport/clock.ts";

/** Who hears of TLS handshakes. */
export interface TlsTaker {
  /** A TLS handshake began (+1) or ended (-1). */
  securing(change: 1 | -1): void;
  tlsFailed(): void;
  /** A function of the application's in the option `tls` threw. */
  fault(error: unknown): void;
  /** A socket is ready to be read. `since`: when it was accepted, on the clock. */
  take(socket: Socket, since: number): void;
}

/** What a TlsFront is made of. */
interface TlsFrontOptions {
  readonly tls: TlsOptions;
  /** In milliseconds. */
  readonly handshakeTimeout: number;
  readonly clock: Clock;
  readonly taker: TlsTaker;
}

/** A socket in its TLS handshake. A deadline of Node's would be one of silence, which a byte now and then puts off. */
class Securing extends Timer {
  readonly socket: Socket;
  readonly since: number;
  /** What it is found by, if that is certain. */
  readonly ends: string | undefined;

  constructor(socket: Socket, since: number, ends: string | undefined) {
    super();
    this.socket = socket;
    this.since = since;
    this.ends = ends;
  }

  override expired(): void {
    this.socket.destroy();
  }
}

/**
 * Secures sockets.
 *
 * Node tells which TLSSocket is done, and not which socket is below it. Both have the same two ends, and so those tell, where
 * there are any and no other socket has them. All others (a Unix socket has no ends to speak of) get a tls.Server of their
 * own, which secures this one socket and nothing else: dearer by the reading of a certificate, and certain.
 */
export class TlsFront {
  readonly #options: TlsFrontOptions;
  readonly #shared: Server;
  /** By their two ends. */
  readonly #byEnds = new Map<string, Securing>();
  readonly #securing = new Set<Securing>();
  /** What `setContext` was given last. */
  #context: SecureContextOptions | undefined;

  /** @throws what node:tls throws for a certificate that is none */
  constructor(options: TlsFrontOptions) {
    // A copy: servers are made of it later, when nobody could be told that what stands in it now is wrong.
    this.#options = { ...options, tls: { ...options.tls } };
    this.#shared = this.#createServer((secure) => {
      const ends = endsOf(secure);
      return ends === undefined ? undefined : this.#byEnds.get(ends);
    });
  }

  /** @throws what node:tls throws for a certificate that is none */
  setContext(context: SecureContextOptions): void {
    this.#shared.setSecureContext(context);
    this.#context = { ...context };
  }

  /** Takes a socket that nobody has read from. */
  secure(socket: Socket): void {
    const { clock, handshakeTimeout, taker } = this.#options;
    const ends = endsOf(socket);
    const isOnly = ends !== undefined && !this.#byEnds.has(ends);
    const securing = new Securing(socket, clock.now(), isOnly ? ends : undefined);
    this.#securing.add(securing);
    if (securing.ends !== undefined) this.#byEnds.set(securing.ends, securing);
    taker.securing(1);
    const deadline = securing.since + handshakeTimeout;
    if (deadline !== Number.POSITIVE_INFINITY) clock.schedule(securing, deadline);
    socket.once("close", () => this.#forget(securing));
    // Else a client that hangs up in the middle would be waited for: TLS takes this over from the socket.
    socket.allowHalfOpen = false;
    const server = isOnly ? this.#shared : this.#createOwnServer(securing);
    server.emit("connection", socket);
  }

  /** Drops the sockets that are not done. */
  stop(): void {
    for (const { socket } of this.#securing) socket.destroy();
  }

  #createOwnServer(securing: Securing): Server {
    const server = this.#createServer(() => securing);
    if (this.#context !== undefined) server.setSecureContext(this.#context);
    // So that a client may resume the session it has from another socket.
    server.setTicketKeys(this.#shared.getTicketKeys());
    return server;
  }

  #createServer(below: (secure: Socket) => Securing | undefined): Server {
    const { taker, tls, clock } = this.#options;
    const { SNICallback: chooseContext } = tls;
    const server = createServer({
      // HTTP/2 is not spoken here; whoever insists on it is told so by the alert of RFC 7301 §3.2.
      ...(tls.ALPNCallback === undefined && { ALPNProtocols: ["http/1.1"] }),
      // Ours is the deadline.
      handshakeTimeout: 2 ** 31 - 1,
      ...tls,
      ...(chooseContext && { SNICallback: guarded(chooseContext, (error) => taker.fault(error)) }),
    });
    server.on("secureConnection", (socket) => {
      // None: the peer is gone already, and its address with it. It is told when the socket is read.
      const securing = below(socket);
      if (securing !== undefined) this.#forget(securing);
      taker.take(socket, securing?.since ?? clock.now());
    });
    server.on("tlsClientError", (_error, socket) => {
      taker.tlsFailed();
      socket.destroy();
    });
    return server;
  }

  #forget(securing: Securing): void {
    this.#options.clock.cancel(securing);
    if (!this.#securing.delete(securing)) return;
    if (securing.ends !== undefined) this.#byEnds.delete(securing.ends);
    this.#options.taker.securing(-1);
  }
}

/** Both ends of a TCP socket in one string; undefined for any other socket, and for one whose peer is gone. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
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
