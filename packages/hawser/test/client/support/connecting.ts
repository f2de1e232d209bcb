// What tests of connect() do over and over: an echo to connect to, a round trip through it, and a look at how connect failed.
import {
  type Connection,
  type ConnectOptions,
  connect,
  HandshakeError,
  type Message,
  type ServeOptions,
  type Server,
  serve,
} from "hawser";
import { expect } from "vitest";
import type { Guard } from "../../serve/support/guard.ts";
import { Mailbox } from "../../support/mailbox.ts";

/** A server that sends back what it gets. */
export interface Echo {
  readonly server: Server;
  readonly port: number;
  /** Its end of the next connection. */
  arrival(): Promise<Connection<Message, unknown>>;
}

/** Serves until the test is over. By then all connections must have ended, without the server's doing. */
export async function serveEcho(guard: Guard, options: Partial<ServeOptions> = {}): Promise<Echo> {
  const place = "socketPath" in options ? {} : { port: 0, host: "127.0.0.1" };
  const arrivals = new Mailbox<Connection<Message, unknown>>();
  const server = await serve({ ...place, ...options }, async (ws: Connection<Message, unknown>) => {
    arrivals.put(ws);
    for await (const message of ws) ws.send(message);
  });
  guard.closing({
    close: () => server.close({ deadline: Number.POSITIVE_INFINITY }),
    busy: () => server.size + server.stats().handshakes,
  });
  return { server, port: server.port, arrival: () => arrivals.take() };
}

/** Connects, sends a message, gets it back and closes. */
export async function roundTrip(url: string | URL, options?: ConnectOptions): Promise<Connection<Message>> {
  const ws = await connect(url, options);
  ws.send("滴水之恩");
  expect(await ws.receive()).toBe("滴水之恩");
  expect(await ws.close(1000)).toMatchObject({ clean: true, code: 1000 });
  return ws;
}

/** What a promise rejects with. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}

/** How a handshake failed. */
export async function failureOf(promise: Promise<unknown>): Promise<HandshakeError> {
  const error = await reasonOf(promise);
  if (error instanceof HandshakeError) return error;
  throw new Error(`no HandshakeError: ${String(error)}`, { cause: error });
}
