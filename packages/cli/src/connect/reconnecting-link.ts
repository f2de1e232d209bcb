// --reconnect: a link over one connection after another.
import { Buffer } from "node:buffer";
import {
  type AttemptEnd,
  describeReport,
  type Message,
  type ReconnectingConnection,
  type ReconnectingOptions,
  type ReconnectingReport,
  reconnecting,
  type WireVersion,
} from "hawser";
import { describeConnectError } from "./connect-error.ts";
import { exitCode, exitCodeOf } from "./exit-code.ts";
import { InputError } from "./input-error.ts";
import { answered, type Incoming, type Link, type LinkEnd, type LinkListener, sendPieces } from "./link.ts";
import { giveUpCode, hasPing } from "./wire-version.ts";

/** The largest message to send, in bytes: it has to wait whole while there is no connection. */
const MAX_MESSAGE = 1024 * 1024;

/** Why something is not sent. */
const tooLong = `longer than ${MAX_MESSAGE / 2 ** 20} MiB, which is too long for --reconnect`;

/**
 * A link that comes back.
 *
 * @throws TypeError or RangeError for wrong options
 */
export function reconnectingLink(url: string, shown: string, options: ReconnectingOptions): Link {
  return new ReconnectingLink(url, shown, options);
}

class ReconnectingLink implements Link {
  readonly opened: Promise<boolean>;
  readonly ended: Promise<LinkEnd>;
  readonly wholeLine: number = MAX_MESSAGE;
  readonly tooLong: string = tooLong;
  readonly #version: WireVersion;
  readonly #over = new AbortController();
  readonly #drop = new AbortController();
  readonly #connection: ReconnectingConnection;
  #listener: LinkListener | undefined;

  constructor(url: string, shown: string, options: ReconnectingOptions) {
    this.#version = options.version ?? "rfc6455";
    let opened: (open: boolean) => void = () => undefined;
    this.opened = new Promise((resolve) => {
      opened = resolve;
    });
    this.#connection = reconnecting(url, {
      ...options,
      signal: this.#drop.signal,
      queue: { bytes: MAX_MESSAGE, expiry: Number.POSITIVE_INFINITY },
      onOpen: (ws) => {
        this.#listener?.opened({ url: shown, subprotocol: ws.subprotocol, version: ws.version });
        opened(true);
      },
    });
    this.ended = this.#connection.closed.then((report) => {
      opened(false);
      this.#over.abort();
      return endOf(report);
    });
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    void this.#tell(listener);
  }

  async *messages(): AsyncGenerator<Incoming, void, undefined> {
    for (;;) {
      const message = await this.#connection.receive();
      if (message === undefined) return;
      yield whole(message);
    }
  }

  async send(message: string | Uint8Array): Promise<boolean> {
    if (Buffer.byteLength(message) > MAX_MESSAGE) throw new InputError(tooLong);
    while (!this.#connection.send(message)) {
      if (!(await this.#connection.drain())) return false;
    }
    return true;
  }

  async sendStream(
    kind: "text" | "binary",
    pieces: AsyncIterable<string> | AsyncIterable<Uint8Array>,
  ): Promise<boolean> {
    const { connection } = this.#connection;
    if (connection === undefined) throw new InputError("not sent: there is no connection now");
    return sendPieces(connection, kind, pieces);
  }

  /** Waits for a connection, and for another one if that is lost before its answer. */
  async ping(payload: string): Promise<number | undefined> {
    await this.#connection.drain();
    for await (const state of this.#connection.states()) {
      const { connection } = this.#connection;
      if (state.phase !== "open" || connection === undefined) continue;
      const roundTrip = await answered(connection.ping(payload));
      if (roundTrip !== undefined) return roundTrip;
    }
    return undefined;
  }

  async arrived(): Promise<void> {
    await (hasPing(this.#version) ? this.ping("") : this.#connection.drain());
  }

  giveUp(): void {
    this.close(giveUpCode(this.#version));
  }

  close(code?: number, reason?: string): void {
    void this.#connection.close(code, reason);
    this.#over.abort();
  }

  terminate(): void {
    this.#drop.abort();
  }

  async #tell(listener: LinkListener): Promise<void> {
    for await (const state of this.#connection.states()) {
      if (state.phase !== "waiting") continue;
      listener.reconnecting({
        attempt: state.attempt,
        delay: Math.round(state.delay),
        reason: inWords(state.last),
      });
    }
  }
}

function whole(message: Message): Incoming {
  return {
    kind: typeof message === "string" ? "text" : "binary",
    text: () => Promise.resolve(String(message)),
    bytes: () => Promise.resolve(typeof message === "string" ? new Uint8Array(0) : message),
    async *[Symbol.asyncIterator]() {
      yield message;
    },
  };
}

/** How an attempt ended. */
function inWords({ report, error }: AttemptEnd): string {
  if (report !== undefined) return describeReport(report);
  return describeConnectError(error)?.message ?? String(error);
}

function endOf({ cause, last, unsent }: ReconnectingReport): LinkEnd {
  const report = last?.report;
  if (cause === "close" && report?.initiator !== "local") {
    // Between two connections, or before the first: nobody was there to be told.
    const { messages } = unsent;
    if (messages === 0) return { exitCode: exitCode.normal, report: undefined, message: undefined };
    return {
      exitCode: exitCode.lost,
      report: undefined,
      message: `${messages.toLocaleString("en")} ${messages === 1 ? "message was" : "messages were"} not sent: there was no connection`,
    };
  }
  if (report !== undefined) return { exitCode: exitCodeOf(report), report, message: undefined };
  const failure = describeConnectError(last?.error);
  return {
    exitCode: failure?.code ?? exitCode.notConnected,
    report: undefined,
    message: failure?.message ?? String(last?.error),
  };
}
