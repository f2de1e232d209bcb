// The ways into the library, each as a server that hands every connection to the test.
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import {
  acceptStream,
  type Connection,
  type ConnectionSettings,
  type Kind,
  type Message,
  type Refused,
  type ServeOptions,
  serve,
  type UpgradeAnswer,
  type UpgradeHook,
  upgrade,
} from "hawser";
import { certificateFor } from "../serve/support/certificates.ts";
import { Mailbox } from "../support/mailbox.ts";

export type Arrival = Connection<Message, unknown>;

/** A server that a test has to itself. */
export interface Entrance {
  readonly url: string;
  /** The next connection that came. */
  arrival(): Promise<Arrival>;
  close(): Promise<unknown>;
}

interface EntranceOptions extends ConnectionSettings {
  readonly upgrade?: UpgradeHook<unknown> | undefined;
}

type Open = (options?: EntranceOptions) => Promise<Entrance>;

/** Pages of other servers are welcome here; what is not is the subject of a test of its own. */
const common = { origins: "any", limits: { message: 2 * 1024 * 1024, sendBuffer: 4 * 1024 * 1024 } } as const;

const openServe: Open = (options = {}) => openAt({ port: 0, host: "127.0.0.1", ...options });

const openSecurely: Open = (options = {}) =>
  openAt({ port: 0, host: "127.0.0.1", tls: certificateFor("localhost"), ...options });

const openAt = async (options: ServeOptions<Kind, unknown>): Promise<Entrance> => {
  const arrivals = new Mailbox<Arrival>();
  const server = await serve({ ...common, ...options }, (ws: Arrival) => keep(ws, arrivals));
  return { url: server.url, arrival: () => arrivals.take(), close: () => server.close({ deadline: 1000 }) };
};

const openUpgrade: Open = async ({ upgrade: hook, ...settings } = {}) => {
  const arrivals = new Mailbox<Arrival>();
  const http = createHttpServer();
  const endpoint = upgrade(http, { ...common, ...settings, upgrade: hook }, (ws: Arrival) =>
    keep(ws, arrivals),
  );
  const url = await listen(http);
  const close = async () => {
    await endpoint.close({ deadline: 1000 });
    await stop(http);
  };
  return { url, arrival: () => arrivals.take(), close };
};

const openAcceptStream: Open = async ({ upgrade: hook, ...settings } = {}) => {
  const arrivals = new Mailbox<Arrival>();
  const answer = async (socket: Socket) => {
    const pending = await acceptStream(socket, { ...common, ...settings });
    if (!pending.ok) return;
    const decision = (await hook?.(pending.request)) ?? {};
    if (isRefused(decision)) await pending.refuse(decision.status, decision.body, decision.headers);
    else arrivals.put(await pending.accept({ state: undefined, ...decision }));
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void answer(socket));
  const url = await listen(server);
  return { url, arrival: () => arrivals.take(), close: () => stop(server) };
};

export const entrances: readonly (readonly [name: string, open: Open])[] = [
  ["serve", openServe],
  ["serve under TLS", openSecurely],
  ["upgrade", openUpgrade],
  ["acceptStream", openAcceptStream],
];

/** A session lasts as long as its connection, which the test has in its hands. */
async function keep(ws: Arrival, arrivals: Mailbox<Arrival>): Promise<void> {
  arrivals.put(ws);
  await ws.closed;
}

function isRefused(answer: UpgradeAnswer<unknown> | Refused): answer is Refused {
  return "status" in answer;
}

async function listen(server: NetServer): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function stop(server: NetServer): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}
