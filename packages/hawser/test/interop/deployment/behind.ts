// An application and a proxy in front of it, for one test.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AnyConnection,
  type Connection,
  type ConnectOptions,
  connect,
  type ServeOptions,
  type Server,
  serve,
} from "hawser";
import { onTestFinished } from "vitest";
import { Mailbox } from "../../support/mailbox.ts";
import type { Changes, Front, FrontKind, Members } from "./front.ts";

/** A server, and the connections that came to it. */
export interface Application {
  readonly server: Server;
  /** Its address and port, as the configurations write it. */
  readonly address: string;
  /** The next connection that came. */
  arrival(): Promise<AnyConnection>;
  stop(): Promise<unknown>;
}

/** The client's address: not the proxy's, which is 127.0.0.1. */
export const CLIENT = "127.0.0.2";

const MiB = 2 ** 20;
const limits = { message: 2 * MiB, sendBuffer: 4 * MiB };

/** Serves an echo, which answers 200 to plain HTTP. */
export async function startApplication(options: ServeOptions = {}): Promise<Application> {
  const arrivals = new Mailbox<AnyConnection>();
  const place = options.socketPath === undefined ? { port: 0, host: "127.0.0.1" } : {};
  const http: ServeOptions["http"] = (_request, response) => response.end("hello");
  const server = await serve({ ...place, limits, http, ...options }, async (ws) => {
    arrivals.put(ws);
    for await (const message of ws) ws.send(message);
  });
  return {
    server,
    address: `127.0.0.1:${server.port}`,
    arrival: () => arrivals.take(),
    stop: () => server.close({ deadline: 1000 }),
  };
}

/** Serves until the test is over. */
export async function application(options?: ServeOptions): Promise<Application> {
  const app = await startApplication(options);
  onTestFinished(async () => void (await app.stop()));
  return app;
}

/** The same, on a Unix socket that the proxy may use, whoever it runs as. */
export async function onUnixSocket(options: ServeOptions): Promise<{ app: Application; path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "hawser-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const path = join(folder, "app.sock");
  const app = await application({ ...options, socketPath: path });
  chmodSync(path, 0o666);
  return { app, path };
}

/** Starts a proxy until the test is over. */
export async function inFrontOf(kind: FrontKind, members: Members, changes?: Changes): Promise<Front> {
  const front = await kind.start(members, changes);
  onTestFinished(() => front.stop());
  return front;
}

/** Connects through a proxy, from an address of its own. */
export function through(
  front: Front,
  options: ConnectOptions = {},
  url: string = front.ws,
): Promise<Connection> {
  return connect(url, { network: { localAddress: CLIENT }, tls: { ca: front.ca }, limits, ...options });
}

/** The error with which connecting fails. */
export async function refusal(connecting: Promise<Connection>): Promise<unknown> {
  try {
    await connecting;
  } catch (error) {
    return error;
  }
  throw new Error("it connected");
}
