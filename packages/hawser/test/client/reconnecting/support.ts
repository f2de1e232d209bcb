// What the tests of reconnecting share: a network in which each attempt waits until the test says how it goes.
import { afterEach, expect } from "vitest";
import type { ConnectOptions } from "../../../src/client/options.ts";
import type {
  Connect,
  ReconnectingOptions,
  ReconnectingUrl,
} from "../../../src/client/reconnecting/options.ts";
import type { ReconnectingState } from "../../../src/client/reconnecting/outcome.ts";
import { reconnectingBy } from "../../../src/client/reconnecting/reconnecting.ts";
import type { ReconnectingConnection } from "../../../src/client/reconnecting/reconnecting-connection.ts";
import type { AnyConnection, Message } from "../../../src/connection/connection.ts";
import { Connection } from "../../../src/connection/connection.ts";
import { examine, printAcceptance } from "../../../src/handshake/answer.ts";
import { HandshakeError } from "../../../src/handshake/handshake-error.ts";
import { UpgradeRequest } from "../../../src/handshake/upgrade-request.ts";
import type { FaultScript } from "../../../src/transport/fault-script.ts";
import { ManualClock } from "../../../src/transport/manual-clock.ts";
import { memoryPair } from "../../../src/transport/memory.ts";
import { resolveLimits, resolveTimeouts } from "../../../src/wire/limits.ts";
import type { Kind } from "../../../src/wire/wire.ts";
import { turns } from "../../connection/support.ts";
import { request } from "../../handshake/support.ts";
import { Mailbox } from "../../support/mailbox.ts";

export const url = "ws://server.example/";

/** Every code that may be in a Close, and 1005 for none. */
export function codeRange(): number[] {
  const codes = Array.from({ length: 4000 }, (_, index) => 1000 + index);
  return codes.filter((code) => (code <= 1014 && code !== 1004 && code !== 1006) || code >= 3000);
}

/** One attempt, as the network sees it. */
export class Attempt {
  readonly url: string;
  readonly options: ConnectOptions<Kind, unknown>;
  readonly #resolve: (ws: AnyConnection) => void;
  /** Fails the attempt with this error. */
  readonly fail: (error: unknown) => void;
  readonly #clock: ManualClock;
  /** What happens to bytes on their way to the client and to the server. */
  toClient: FaultScript | undefined;
  toServer: FaultScript | undefined;

  constructor(
    to: string | URL,
    options: ConnectOptions<Kind, unknown>,
    clock: ManualClock,
    resolve: (ws: AnyConnection) => void,
    reject: (error: unknown) => void,
  ) {
    this.url = String(to);
    this.options = options;
    this.#clock = clock;
    this.#resolve = resolve;
    this.fail = reject;
  }

  /** Answers with a status other than 101; 0 for no answer at all. */
  refuse(status: number, headers: [string, string][] = []): void {
    this.fail(new HandshakeError(`the server refused with ${status}`, { status, headers }));
  }

  /** Lets the connection come about. Returns the server's end of it. */
  accept(): Connection<Message, unknown> {
    const { client, server, toClient, toServer } = memoryPair({ clock: this.#clock });
    [this.toClient, this.toServer] = [toClient, toServer];
    const opening = examine(request());
    const common = () => ({
      clock: this.#clock,
      request: new UpgradeRequest(opening, { remoteAddress: undefined, secure: false, host: "a" }, {}),
      response: printAcceptance(opening, {}).head,
      subprotocol: "",
      coupled: false,
    });
    const { accepts, limits, timeouts, state } = this.options;
    this.#resolve(
      new Connection<Message, unknown>({
        ...common(),
        role: "client",
        transport: client,
        accepts,
        limits: resolveLimits(limits),
        timeouts: resolveTimeouts(timeouts),
        state,
      }),
    );
    return new Connection<Message, unknown>({
      ...common(),
      role: "server",
      transport: server,
      accepts: undefined,
      limits: resolveLimits({}),
      timeouts: resolveTimeouts({ keepalive: Number.POSITIVE_INFINITY }),
      state: undefined,
    });
  }
}

/** A place to connect to, with a clock of its own. */
export class Network {
  readonly clock: ManualClock = new ManualClock();
  readonly attempts: Mailbox<Attempt> = new Mailbox();
  /** What jitter comes from; 0.5 until a test says otherwise. */
  random: () => number = () => 0.5;
  readonly clients: ReconnectingConnection<Message, unknown>[] = [];
  /** How many attempts there were. */
  count = 0;

  constructor() {
    networks.push(this);
  }

  readonly connect = ((to: string | URL, options: ConnectOptions<Kind, unknown>) =>
    new Promise<AnyConnection>((resolve, reject) => {
      this.count += 1;
      const { signal } = options;
      const abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort);
      const settling =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          signal?.removeEventListener("abort", abort);
          settle(value);
        };
      this.attempts.put(new Attempt(to, options, this.clock, settling(resolve), settling(reject)));
    })) as unknown as Connect;

  /** A client whose attempts the test answers. Without keepalive, unless the test asks for it. */
  reconnecting<Accepts extends Kind = Kind, State = undefined>(
    options: ReconnectingOptions<Accepts, State> = {},
    to: ReconnectingUrl = url,
  ) {
    const timeouts = { keepalive: Number.POSITIVE_INFINITY, ...options.timeouts };
    const all = { clock: this.clock, ...options, timeouts };
    const client = reconnectingBy(this.connect, () => this.random(), to, all);
    this.clients.push(client);
    return client;
  }

  /** The next attempt, when it is made. */
  next(): Promise<Attempt> {
    return this.attempts.take();
  }

  /** Moves time, and lets what follows from that happen. */
  async pass(ms: number): Promise<void> {
    await turns();
    this.clock.advance(ms);
    await turns();
  }
}

const networks: Network[] = [];

// Nothing of a client outlives it: no timer above all.
afterEach(async () => {
  for (const { clients, clock } of networks.splice(0)) {
    for (const client of clients) {
      void client.close();
      void client.connection?.terminate();
    }
    await turns();
    clock.advance(60_000);
    await turns();
    expect(clients.map(({ state }) => state.phase)).toEqual(clients.map(() => "closed"));
    expect(clock.pending).toBe(0);
  }
});

/** The phases of a client as they come, with what else `also` wants of them. */
export async function record<Seen>(
  states: AsyncIterable<ReconnectingState>,
  see: (state: ReconnectingState) => Seen,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const state of states) seen.push(see(state));
  return seen;
}
