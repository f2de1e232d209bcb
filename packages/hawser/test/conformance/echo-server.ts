// Echo servers made with the public API, and the questions that a conformance suite asks them over a socket.
import { Buffer } from "node:buffer";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { acceptStream, type CloseReport, type Connection, serve, upgrade } from "hawser";
import { expect, onTestFinished } from "vitest";
import { masked, type ReadFrame } from "../support/frames.ts";
import { Mailbox } from "../support/mailbox.ts";
import { type Chop, RawClient } from "../support/raw-client.ts";

/** An echo server that runs, and what became of its connections. */
export interface EchoServer {
  readonly port: number;
  readonly reports: Mailbox<CloseReport>;
  close(): Promise<unknown>;
}

/** One large message must fit. */
const limits = { message: 17 * 1024 * 1024 };

/** The ways to write an echo. Whatever the way, the peer must not see a difference. */
export const echoes = { hooks, session, stream, attached } as const;

async function hooks(): Promise<EchoServer> {
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
  return { port: server.port, reports, close: () => server.close() };
}

async function session(): Promise<EchoServer> {
  const reports = new Mailbox<CloseReport>();
  const server = await serve({ port: 0, host: "127.0.0.1", limits }, async (ws) => {
    void ws.closed.then((report) => reports.put(report));
    for await (const message of ws) ws.send(message);
  });
  return { port: server.port, reports, close: () => server.close() };
}

async function stream(): Promise<EchoServer> {
  const reports = new Mailbox<CloseReport>();
  const answer = async (socket: Socket) => {
    const pending = await acceptStream(socket, { limits });
    if (!pending.ok) return;
    const ws = await pending.accept();
    void ws.closed.then((report) => reports.put(report));
    await echoAll(ws);
  };
  const listener = createServer({ allowHalfOpen: true }, (socket) => void answer(socket));
  return { port: await listen(listener), reports, close: () => stop(listener) };
}

async function attached(): Promise<EchoServer> {
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
  return { port: await listen(http), reports, close: () => stop(http) };
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

/** How a question is cut: in one piece, frame by frame, or into chops of so many bytes. */
export type Cut = Chop | "frames";

export const CUTS: readonly Cut[] = ["whole", "frames", 1, 5];

/** A frame in words: `text "Hello"`, `pong ""`, `close 1002`. */
export function inWords({ fin, rsv, opcode, masked: isMasked, payload }: ReadFrame): string {
  const odd = `${fin ? "" : " unfinished"}${rsv === 0 ? "" : ` rsv ${rsv}`}${isMasked ? " masked" : ""}`;
  if (opcode === 8) return `close ${payload.length === 0 ? "" : payload.readUInt16BE(0)}`.trim() + odd;
  if (opcode === 1) return `text ${JSON.stringify(payload.toString())}${odd}`;
  const names: Record<number, string> = { 0: "continuation", 2: "binary", 9: "ping", 10: "pong" };
  return `${names[opcode]} ${payload.toString("hex")}${odd}`;
}

export const text = (payload: string): string => `text ${JSON.stringify(payload)}`;
export const binary = (payload: Uint8Array): string => `binary ${Buffer.from(payload).toString("hex")}`;
export const pong = (payload: string | Uint8Array): string =>
  `pong ${Buffer.from(payload as Uint8Array).toString("hex")}`;

async function sendCut(client: RawClient, frames: readonly Uint8Array[], cut: Cut): Promise<void> {
  if (cut !== "frames") {
    await client.send(Buffer.concat(frames), cut);
    return;
  }
  for (const frame of frames) await client.send(frame, Math.max(frame.length, 1));
}

/** Connects, and hangs up when the test is over. */
export async function open(server: EchoServer): Promise<RawClient> {
  const client = await RawClient.open(server.port);
  onTestFinished(() => client.hangUp());
  return client;
}

/** Sends frames, and expects these answers; then closes, and expects the server to agree and to hang up first. */
export async function expectAnswers(
  server: EchoServer,
  frames: readonly Uint8Array[],
  answers: readonly string[],
  cut: Cut = "whole",
): Promise<void> {
  const client = await open(server);
  await sendCut(client, frames, cut);
  const heard = await client.frames(answers.length);
  await client.send(masked.close(1000, "done"));
  heard.push(...(await client.framesToEnd()));
  await client.hangUp();
  const report = await server.reports.take();
  expect(heard.map(inWords)).toEqual([...answers, "close 1000"]);
  expect(report).toMatchObject({
    code: 1000,
    reason: "done",
    clean: true,
    initiator: "peer",
    cause: "close",
  });
}

/** Sends frames among which is a Close, and expects these answers, the last of them a Close, and the end. */
export async function expectClosing(
  server: EchoServer,
  frames: readonly Uint8Array[],
  answers: readonly string[],
  report: Partial<CloseReport>,
  cut: Cut = "whole",
): Promise<void> {
  const client = await open(server);
  await sendCut(client, frames, cut);
  const heard = await client.framesToEnd();
  await client.hangUp();
  const reported = await server.reports.take();
  expect(heard.map(inWords)).toEqual(answers);
  expect(reported).toMatchObject(report);
}

/** Sends frames that break a rule, and expects what came before to be answered, the Close, and the end. */
export function expectFailure(
  server: EchoServer,
  frames: readonly Uint8Array[],
  answers: readonly string[],
  code: number,
  cut: Cut = "whole",
): Promise<void> {
  const report = { code, clean: false, initiator: "local", cause: "protocol" } as const;
  return expectClosing(server, frames, [...answers, `close ${code}`], report, cut);
}
