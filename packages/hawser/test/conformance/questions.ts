// The questions that a conformance suite asks an echo over a socket, and the answers that are right, whichever end it is.
import { Buffer } from "node:buffer";
import type { CloseReport } from "hawser";
import type { Role } from "hawser/wire";
import { expect, onTestFinished } from "vitest";
import { framesFor, type ReadFrame } from "../support/frames.ts";
import type { Mailbox } from "../support/mailbox.ts";
import type { Chop, RawClient } from "../support/raw-client.ts";

/** An echo that runs, and what became of its connections. */
export interface EchoEnd {
  readonly role: Role;
  readonly reports: Mailbox<CloseReport>;
  /** A new connection, its handshake done, in the hands of the one who asks. */
  meet(): Promise<RawClient>;
  close(): Promise<unknown>;
}

/** One large message must fit. */
export const limits = { message: 17 * 1024 * 1024 };

/** How a question is cut: in one piece, frame by frame, or into chops of so many bytes. */
export type Cut = Chop | "frames";

export const CUTS: readonly Cut[] = ["whole", "frames", 1, 5];

/** A frame in words: `text "Hello"`, `pong ""`, `close 1002`. */
function inWords({ fin, rsv, opcode, masked, payload }: ReadFrame, role: Role): string {
  // RFC 6455 §5.1: a client masks all frames, a server none.
  const mask = masked === (role === "client") ? "" : masked ? " masked" : " not masked";
  const odd = `${fin ? "" : " unfinished"}${rsv === 0 ? "" : ` rsv ${rsv}`}${mask}`;
  if (opcode === 8) return `close ${payload.length === 0 ? "" : payload.readUInt16BE(0)}`.trim() + odd;
  if (opcode === 1) return `text ${JSON.stringify(payload.toString())}${odd}`;
  const names: Record<number, string> = { 0: "continuation", 2: "binary", 9: "ping", 10: "pong" };
  return `${names[opcode]} ${payload.toString("hex")}${odd}`;
}

export const text = (payload: string): string => `text ${JSON.stringify(payload)}`;
export const binary = (payload: Uint8Array): string => `binary ${Buffer.from(payload).toString("hex")}`;
export const pong = (payload: string | Uint8Array): string =>
  `pong ${Buffer.from(payload as Uint8Array).toString("hex")}`;

async function sendCut(peer: RawClient, frames: readonly Uint8Array[], cut: Cut): Promise<void> {
  if (cut !== "frames") {
    await peer.send(Buffer.concat(frames), cut);
    return;
  }
  for (const frame of frames) await peer.send(frame, Math.max(frame.length, 1));
}

/** A connection to the end, which hangs up when the test is over. */
export async function open(end: EchoEnd): Promise<RawClient> {
  const peer = await end.meet();
  onTestFinished(() => peer.hangUp());
  return peer;
}

/** The next so many frames, in words. */
export async function hear(end: EchoEnd, peer: RawClient, count = 1): Promise<string[]> {
  return (await peer.frames(count)).map((frame) => inWords(frame, end.role));
}

/**
 * All frames, in words, until the end hangs up: a server does so behind a Close by itself, a client when its server has done it
 * (RFC 6455 §7.1.1).
 */
export async function hearOut(end: EchoEnd, peer: RawClient): Promise<string[]> {
  const heard: string[] = [];
  for (let frame = await peer.frame(); frame !== undefined; frame = await peer.frame()) {
    heard.push(inWords(frame, end.role));
    if (end.role === "client" && frame.opcode === 8) peer.socket.end();
  }
  return heard;
}

/** Sends frames, and expects these answers; then closes, and expects the end to agree and to hang up. */
export async function expectAnswers(
  end: EchoEnd,
  frames: readonly Uint8Array[],
  answers: readonly string[],
  cut: Cut = "whole",
): Promise<void> {
  const peer = await open(end);
  await sendCut(peer, frames, cut);
  const heard = await hear(end, peer, answers.length);
  await peer.send(framesFor(end.role).close(1000, "done"));
  heard.push(...(await hearOut(end, peer)));
  await peer.hangUp();
  const report = await end.reports.take();
  expect(heard).toEqual([...answers, "close 1000"]);
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
  end: EchoEnd,
  frames: readonly Uint8Array[],
  answers: readonly string[],
  report: Partial<CloseReport>,
  cut: Cut = "whole",
): Promise<void> {
  const peer = await open(end);
  await sendCut(peer, frames, cut);
  const heard = await hearOut(end, peer);
  await peer.hangUp();
  const reported = await end.reports.take();
  expect(heard).toEqual(answers);
  expect(reported).toMatchObject(report);
}

/** Sends frames that break a rule, and expects what came before to be answered, the Close, and the end. */
export function expectFailure(
  end: EchoEnd,
  frames: readonly Uint8Array[],
  answers: readonly string[],
  code: number,
  cut: Cut = "whole",
): Promise<void> {
  const report = { code, clean: false, initiator: "local", cause: "protocol" } as const;
  return expectClosing(end, frames, [...answers, `close ${code}`], report, cut);
}
