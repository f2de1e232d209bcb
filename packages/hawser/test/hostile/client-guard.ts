// What every row of the hostile inputs requires of a client too: the process lives, others are not disturbed, nothing is left.
import {
  type AnyConnection,
  type ConnectOptions,
  connect,
  type HandshakeError,
  type ManualClock,
} from "hawser";
import { afterEach, beforeEach, expect } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import { plain } from "../support/frames.ts";
import { type Script, type ScriptedOptions, ScriptedServer } from "../support/scripted-server.ts";

/** Options of `connect`, whatever it is to receive and hold. */
export type AnyOptions = ConnectOptions<"text" | "binary", unknown>;

/** Sends back every text, forever. */
const echo: Script = async (caller) => {
  await caller.accept();
  for (let frame = await caller.frame(); frame?.opcode === 1; frame = await caller.frame())
    caller.write(plain.text(frame.payload));
};

/** Looks after the servers and clients of each test in a file, with a witness who must not notice anything. */
export class ClientGuard {
  readonly #guard = new Guard();
  #clients: AnyConnection[] = [];
  #witness: AnyConnection | undefined;

  constructor() {
    beforeEach(async () => {
      // Without pings, which this server does not answer: a test may take its time.
      const timeouts = { keepalive: Number.POSITIVE_INFINITY };
      this.#witness = await this.open(await this.server(echo), { timeouts });
    });
    // Before the end of the guard, which finds what is left.
    afterEach(async () => {
      const clients = this.#clients;
      this.#clients = [];
      try {
        expect(this.#witness?.send("still here")).toBe(true);
        expect(await this.#witness?.receive()).toBe("still here");
      } finally {
        await Promise.all(clients.map((client) => client.terminate()));
      }
    });
  }

  /** A server, closed at the end. */
  async server(script?: Script, options?: ScriptedOptions): Promise<ScriptedServer> {
    const server = await ScriptedServer.listen(script, options);
    this.#guard.closing(server);
    return server;
  }

  /** A connection, dropped at the end. */
  async open(server: ScriptedServer | string, options: AnyOptions = {}): Promise<AnyConnection> {
    if (options.clock !== undefined) this.#guard.clock(options.clock as ManualClock);
    const client = await connect(typeof server === "string" ? server : server.url(), options);
    this.#clients.push(client);
    return client;
  }

  /** Looks after something else that is closed at the end. */
  closing(thing: { close(): unknown; busy?: () => number }): void {
    this.#guard.closing(thing);
  }

  /** How connecting fails. */
  async failure(server: ScriptedServer | string, options: AnyOptions = {}): Promise<HandshakeError> {
    const outcome = await this.open(server, options).then(
      (client) => expect.fail(`it is ${client.phase}`),
      (error: unknown) => error,
    );
    expect(outcome).toMatchObject({ name: "HandshakeError", code: "ERR_HAWSER_HANDSHAKE" });
    return outcome as HandshakeError;
  }
}
