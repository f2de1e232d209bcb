// What tests say about a session, in the words of the protocol.
import { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import { Opcode, type Violation, type WireEnd } from "hawser/wire";
import { expect } from "vitest";
import { readFrames } from "./frames.ts";
import type { Session } from "./session.ts";

/** The machine sent exactly these frames so far (build them with `plain`); masked as its role demands. */
export function expectFrames(session: Session, ...frames: readonly Uint8Array[]): void {
  const masked = session.role === "client";
  const expected = readFrames(Buffer.concat(frames)).map((frame) => ({ ...frame, masked }));
  const { sent } = session;
  // expect() takes its time over large payloads.
  if (!isDeepStrictEqual(sent, expected)) expect(sent).toStrictEqual(expected);
}

/** These messages were delivered so far, binary ones each in memory of its own. */
export function expectMessages(session: Session, ...messages: readonly (string | Uint8Array)[]): void {
  const got = session.messages;
  expect(got.map(comparable)).toEqual(messages.map(comparable));
  for (const data of got) {
    if (typeof data === "string") continue;
    expect([data.constructor, data.byteOffset, data.buffer.byteLength]).toEqual([Uint8Array, 0, data.length]);
  }
}

/** The connection is open, and nothing was said to the peer. */
export function expectUndisturbed(session: Session): void {
  expect(session.wire.phase).toBe("open");
  expect(session.sink.of("sent")).toEqual([]);
}

/**
 * The machine failed the connection (RFC 6455 §7.1.7): a Close with this code, sent once and last, then its half of the
 * transport ended. Ends the transport to see the report.
 */
export function expectFailed(session: Session, code: number, violation?: Violation): WireEnd {
  expectLastClose(session, code);
  expect(session.wire.phase).toBe("closing");
  expect(session.sink.events.at(-1)).toEqual({ type: "end" });
  const end = expectEnd(session.end(), { code, clean: false, initiator: "local", received: undefined });
  if (violation !== undefined) expect(end.error).toMatchObject({ violation, closeCode: code });
  return end;
}

/** A ping was not answered in time: a Close 1011 for good measure, and the connection is over without any wait. */
export function expectGivenUp(session: Session): WireEnd {
  expectLastClose(session, 1011);
  expect(session.sink.events.slice(-2).map(({ type }) => type)).toEqual(["end", "closed"]);
  return expectEnd(session, {
    code: 1011,
    reason: "keepalive: a ping was not answered",
    clean: false,
    initiator: "local",
    cause: "keepalive",
    received: undefined,
  });
}

function expectLastClose(session: Session, code: number): void {
  const closes = session.sent.filter((frame) => frame.opcode === Opcode.close);
  expect(closes.map((frame) => frame.payload.readUInt16BE(0))).toEqual([code]);
  expect(session.sent.at(-1)?.opcode).toBe(Opcode.close);
}

/** The connection is over, was reported once and last, and the report holds at least this. */
export function expectEnd(session: Session, end: Partial<WireEnd>): WireEnd {
  const ends = session.sink.of("closed");
  expect(ends).toHaveLength(1);
  expect(session.sink.events.at(-1)).toBe(ends[0]);
  expect(session.wire.phase).toBe("closed");
  expect(session.wire.deadline).toBeUndefined();
  expect(session.wire.held).toBe(false);
  expect(ends[0]?.end).toMatchObject(end);
  return ends[0]!.end;
}

/** Kind and content in one string, so that a difference can be read. */
export function comparable(data: string | Uint8Array): string {
  return typeof data === "string" ? `text ${data}` : `binary ${Buffer.from(data).toString("hex")}`;
}
