// Echo servers made with the public API, as ends that a conformance suite can question.
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { acceptStream, type CloseReport, type Connection, serve, upgrade } from "hawser";
import { Mailbox } from "../support/mailbox.ts";
import { RawClient } from "../support/raw-client.ts";
import { type EchoEnd, limits } from "./questions.ts";

/** The ways to write an echo. Whatever the way, the peer must not see a difference. */
export const servers = { hooks, session, stream, attached } as const;

async function hooks(): Promise<EchoEnd> {
  const reports = new Mailbox<CloseReport>();
  const server = await serve(
    { port: 0, host: "127.0.0.1", limits },
    {
      message(ws, message) {
        ws.send(message);
      },
      close(_ws, report) {
        reports.put(report);
      },
    },
  );
  return endAt(server.port, reports, () => server.close());
}

async function session(): Promise<EchoEnd> {
  const reports = new Mailbox<CloseReport>();
  const server = await serve({ port: 0, host: "127.0.0.1", limits }, async (ws) => {
    void ws.closed.then((report) => reports.put(report));
    for await (const message of ws) ws.send(message);
  });
  return endAt(server.port, reports, () => server.close());
}

async function stream(): Promise<EchoEnd> {
  const reports = new Mailbox<CloseReport>();
  const answer = async (socket: Socket) => {
    const pending = await acceptStream(socket, { limits });
    if (!pending.ok) return;
    const ws = await pending.accept();
    void ws.closed.then((report) => reports.put(report));
    await echoAll(ws);
  };
  const listener = createServer({ allowHalfOpen: true }, (socket) => void answer(socket));
  return endAt(await listen(listener), reports, () => stop(listener));
}

async function attached(): Promise<EchoEnd> {
  const reports = new Mailbox<CloseReport>();
  const http = createHttpServer();
  upgrade(
    http,
    { limits },
    {
      message(ws, message) {
        ws.send(message);
      },
      close(_ws, report) {
        reports.put(report);
      },
    },
  );
  return endAt(await listen(http), reports, () => stop(http));
}

function endAt(port: number, reports: Mailbox<CloseReport>, close: EchoEnd["close"]): EchoEnd {
  return { role: "server", reports, meet: () => RawClient.open(port), close };
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

function stop(server: NetServer): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}

async function echoAll(ws: Connection): Promise<void> {
  for (;;) {
    const message = await ws.receive();
    if (message === undefined) return;
    ws.send(message);
  }
}
