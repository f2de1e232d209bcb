// Server: what serve gives back. It listens, reads heads itself, and hands what is not a WebSocket to HTTP.
import type { AddressInfo, Socket } from "node:net";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import type { Doorstep, HeadTaker } from "../accept/doorstep.ts";
import { reportFault } from "../handlers/fault.ts";
import { wantsWebSocket } from "../handshake/answer.ts";
import type { HeadRead } from "../handshake/head.ts";
import { Listening } from "./listening.ts";
import { LiveServer } from "./live-server.ts";
import { localUrl } from "./local-url.ts";
import type { Endpoint, PlainHttp } from "./options.ts";
import type { ListenPlace } from "./place.ts";
import type { UpgradeEvent } from "./plain-http.ts";
import { afterEarlierAnswers, answerPlainly, HandOver } from "./plain-http.ts";
import { Reception } from "./reception.ts";
import { Roster } from "./roster.ts";
import type { Desk } from "./upgrade.ts";
import { headOf, receiveUpgrade } from "./upgrade.ts";

/** What a server is made of. */
export interface ServerOptions {
  readonly place: ListenPlace;
  readonly tls: TlsOptions | undefined;
  readonly http: PlainHttp | undefined;
  readonly endpoint: Endpoint;
}

/** A WebSocket server that listens. */
export class Server extends LiveServer {
  readonly #desk: Desk;
  readonly #listening: Listening;
  readonly #handOver: HandOver | undefined;
  /** One object for all connections. */
  readonly #taker: HeadTaker = {
    headCame: (read, doorstep) => this.#decide(read, doorstep),
    headFailed: (error, doorstep) => this.#desk.reception.failed(error, doorstep),
  };

  /** @internal Use `serve`. */
  constructor(options: ServerOptions) {
    const { endpoint, place, tls, http } = options;
    const { settings } = endpoint;
    const roster = new Roster(settings.limits);
    super(settings, roster);
    this.#desk = { endpoint, roster, reception: new Reception(endpoint, roster) };
    this.#handOver =
      http &&
      new HandOver(http, {
        upgrade: (event) => this.#comesBack(event),
        holds: (change) => {
          roster.withHttp += change;
        },
      });
    this.#listening = new Listening({
      place,
      tls,
      handshakeTimeout: settings.timeouts.handshake,
      clock: settings.clock,
      taker: {
        get full() {
          return roster.full;
        },
        shed: () => {
          roster.shed += 1;
        },
        securing: (change) => {
          roster.handshakes += change;
        },
        tlsFailed: () => {
          roster.tlsFailed += 1;
        },
        fault: (error) => reportFault(error, undefined, endpoint.onError),
        take: (socket, since) => this.#take(socket, since),
      },
    });
  }

  /** The port it listens, or listened, on; 0 on a Unix socket. */
  get port(): number {
    return this.#listening.port;
  }

  /** As of net.Server: what it listens on, or null before and after. */
  get address(): AddressInfo | string | null {
    return this.#listening.address;
  }

  /**
   * A URL that a client on this machine can connect to: "ws://127.0.0.1:8080", "wss://[::1]:8443", "ws+unix:/run/app.sock".
   * It stays what it was when the server closes.
   */
  get url(): string {
    return localUrl(this.#listening.secure, this.#listening.place);
  }

  /** @internal Begins to listen. Called by `serve`. */
  async listen(): Promise<void> {
    try {
      await this.#listening.listen();
    } catch (error) {
      await this.#handOver?.close();
      throw error;
    }
  }

  /**
   * New key and certificate for connections that come from now on; live ones keep theirs.
   *
   * @throws TypeError for a server without the option `tls`; what node:tls throws for a certificate that is none
   */
  setTls(context: SecureContextOptions): void {
    this.#listening.setTls(context);
  }

  /** Keeps the process alive while it listens, as it does from the start. */
  ref(): this {
    this.#listening.ref();
    return this;
  }

  /** Lets the process end though it listens. */
  unref(): this {
    this.#listening.unref();
    return this;
  }

  protected override async stopAccepting(late: Promise<void>): Promise<void> {
    void late.then(() => this.#handOver?.drop());
    this.#listening.stop();
    await this.#handOver?.close();
  }

  #take(socket: Socket, since: number): void {
    this.#desk.roster.receive(socket, this.#desk.endpoint.settings, { since, taker: this.#taker });
  }

  #decide(read: HeadRead, doorstep: Doorstep): void {
    const handOver = this.#handOver;
    if (handOver === undefined || wantsWebSocket(read.head)) {
      this.#desk.reception.receive(read.head, doorstep);
      return;
    }
    // Not before the socket has told all it had to tell about these bytes: the next one puts them back.
    queueMicrotask(() => {
      if (doorstep.settled) return;
      this.#desk.roster.handedOn += 1;
      handOver.take(doorstep.handOn(read.raw), doorstep.peer);
    });
  }

  /** A connection that was handed on asks for an upgrade with a later request. */
  #comesBack(event: UpgradeEvent): void {
    const handOver = this.#handOver;
    if (handOver === undefined) return;
    afterEarlierAnswers(event.socket, () => {
      const wanted = wantsWebSocket(headOf(event.request));
      const error = wanted ? undefined : answerPlainly(handOver.server, event);
      if (!wanted && error === undefined) return;
      receiveUpgrade(event, this.#desk, handOver.takeBack(event.socket), error);
    });
  }
}
