// The three ways into the library, started alike, so that one test can look at all of them.
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import {
  type AnyConnection,
  acceptStream,
  type CloseReport,
  type ConnectionSettings,
  type Handler,
  type HandshakeError,
  run,
  type Session,
  serve,
  type UpgradeRequest,
  type UpgradeResult,
  upgrade,
} from "hawser";
import { Refused } from "../../../src/accept/refusal.ts";
import type { Target } from "./peer.ts";

export const echo: Session = async (ws) => {
  for await (const message of ws) ws.send(message);
};

/** What a host is made of, whatever the way. */
export interface HostOptions extends ConnectionSettings {
  /** Decides on requests: the `upgrade` hook. */
  readonly decide?:
    | ((request: UpgradeRequest) => UpgradeResult<unknown> | Promise<UpgradeResult<unknown>>)
    | undefined;
  /** Default: sends back what it gets. */
  readonly handler?: Handler | Session | undefined;
  readonly tls?: TlsOptions | undefined;
  /** False: faults go where they go by default. */
  readonly catchFaults?: boolean | undefined;
}

/** A server of some kind that takes WebSockets at any path; at /witness there is always an echo. */
export interface Host {
  readonly target: Target;
  /** What was thrown by hooks and handlers. */
  readonly faults: unknown[];
  /** What acceptStream gave as errors. */
  readonly refused: HandshakeError[];
  /** How connections ended. */
  readonly reports: CloseReport[];
  /** Open connections and handshakes under way, as far as this way can tell. */
  busy(): number;
  close(): Promise<unknown>;
}

/** Starts a host. */
export type Way = (options?: HostOptions) => Promise<Host>;

function portOf(server: NetServer): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function targetOf(port: number, tls: TlsOptions | undefined): Target {
  return { port, tls: tls && { rejectUnauthorized: false } };
}

function listening(server: NetServer): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
}

function books() {
  return { faults: [] as unknown[], refused: [] as HandshakeError[], reports: [] as CloseReport[] };
}

/** The handler, with its reports written down. */
function noted(given: Handler | Session | undefined, reports: CloseReport[]): Handler {
  const handler = typeof given === "function" || given === undefined ? { session: given ?? echo } : given;
  const note = (ws: AnyConnection) => void ws.closed.then((report) => reports.push(report));
  const { session, open } = handler;
  if (session !== undefined) return { ...handler, session: (ws) => first(note, session)(ws) };
  return { ...handler, open: (ws) => first(note, open)(ws) };
}

function first(note: (ws: AnyConnection) => void, hook: Handler["open"]): Session {
  return (ws) => {
    note(ws);
    return hook?.(ws);
  };
}

function endpointOptions(options: HostOptions, faults: unknown[]) {
  const { decide, handler: _handler, tls: _tls, catchFaults = true, ...settings } = options;
  return {
    ...settings,
    upgrade: decide,
    resources: { "/witness": echo },
    ...(catchFaults && { onError: (error: unknown) => faults.push(error) }),
  };
}

const throughServe: Way = async (options = {}) => {
  const host = books();
  const where = { port: 0, host: "127.0.0.1", tls: options.tls };
  const server = await serve(
    { ...endpointOptions(options, host.faults), ...where },
    noted(options.handler, host.reports),
  );
  return {
    ...host,
    target: targetOf(server.port, options.tls),
    busy: () => server.stats().connections + server.stats().handshakes,
    close: () => server.close({ deadline: Number.POSITIVE_INFINITY }),
  };
};

/** What an HTTP application says where it has nothing. */
const answerNothing: RequestListener = (_request, response) => {
  response.writeHead(404, { "Content-Length": 5 }).end("plain");
};

const throughUpgrade: Way = async (options = {}) => {
  const host = books();
  const server =
    options.tls === undefined
      ? createHttpServer(answerNothing)
      : createHttpsServer(options.tls, answerNothing);
  const endpoint = upgrade(
    server,
    endpointOptions(options, host.faults),
    noted(options.handler, host.reports),
  );
  await listening(server);
  return {
    ...host,
    target: targetOf(portOf(server), options.tls),
    busy: () => endpoint.stats().connections + endpoint.stats().handshakes,
    close: () => {
      server.close();
      server.closeAllConnections();
      return endpoint.close({ deadline: Number.POSITIVE_INFINITY });
    },
  };
};

const throughAcceptStream: Way = async (options = {}) => {
  const host = books();
  const { decide, handler, tls, catchFaults: _, ...settings } = options;
  const sockets = new Set<Socket>();
  const receive = async (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const pending = await acceptStream(socket, settings);
    if (!pending.ok) {
      host.refused.push(pending.error);
      return;
    }
    const isWitness = pending.request.path === "/witness";
    try {
      const answer = isWitness ? undefined : await decide?.(pending.request);
      if (answer instanceof Refused) await pending.refuse(answer.status, answer.body, answer.headers);
      else await run(await pending.accept(answer ?? {}), noted(isWitness ? echo : handler, host.reports));
    } catch (error) {
      host.faults.push(error);
      await pending.refuse(500);
    }
  };
  const take = (socket: Socket) => void receive(socket).catch((error: unknown) => host.faults.push(error));
  const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
  if (tls !== undefined) server.on("tlsClientError", () => undefined);
  await listening(server);
  return {
    ...host,
    target: targetOf(portOf(server), tls),
    busy: () => sockets.size,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};

/** By name. */
export const ways: Readonly<Record<"serve" | "acceptStream" | "upgrade", Way>> = {
  serve: throughServe,
  acceptStream: throughAcceptStream,
  upgrade: throughUpgrade,
};
