// What the tests of the old framings share: machines that speak them, and what comes of bytes however these are cut.
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import {
  type FrameKey,
  type Framing,
  framingOf,
  type Role,
  type WireEnd,
  type WireVersion,
} from "hawser/wire";
import { expect } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectMessages } from "../../support/expectations.ts";
import { Session, type SessionOptions } from "../../support/session.ts";
import { underEverySplit } from "../../support/splits.ts";

export const roles = ["server", "client"] as const;

/** What Key dGhlIHNhbXBsZSBub25jZQ== and Nonce AQIDBAUGBwgJCgsMDQ4PEA== make of hybi-04's connection. */
const connectionKey = bytes`23 22 2d 4e cf 9a f2 08 4f 4d 83 04 3a bf 77 47 dd 56 c5 b7`;

/** hybi-04's key for one frame. */
export const frameKey: FrameKey = (nonce) => hash("sha1", Buffer.concat([nonce, connectionKey]), "buffer");

/** The framing of any version. */
export function framingFor(version: WireVersion): Framing {
  return framingOf(version, frameKey);
}

/** A machine that speaks a version. */
export function sessionOf(version: WireVersion, role: Role, options: SessionOptions = {}): Session {
  return new Session({ role, framing: framingFor(version), ...options });
}

/** What bytes come to: the same however they are cut. */
export function outcome(
  version: WireVersion,
  role: Role,
  input: Uint8Array,
  options: SessionOptions = {},
): Session {
  const run = (chunks: Buffer[]) => {
    const { sink, wire } = sessionOf(version, role, options).receive(...chunks);
    return { events: sink.events, phase: wire.phase };
  };
  // A thousand inputs come this way, most of them of eleven bytes.
  underEverySplit(input, run, 9);
  return sessionOf(version, role, options).receive(input);
}

/** The bytes are taken however they are cut: these messages come of them, these bytes go back, and the connection stays open. */
export function taken(
  version: WireVersion,
  role: Role,
  input: Uint8Array,
  messages: readonly (string | Uint8Array)[],
  answer: Uint8Array = bytes``,
  options: SessionOptions = {},
): void {
  const session = outcome(version, role, input, options);
  expectMessages(session, ...messages);
  expect(sentBy(session)).toEqual(answer);
  expect(session.wire.phase).toBe("open");
}

/** The bytes fail the connection however they are cut, and whatever follows: these go back, and nothing was delivered but this. */
export function refused(
  version: WireVersion,
  role: Role,
  input: Uint8Array,
  end: Partial<WireEnd>,
  answer: Uint8Array,
  options: SessionOptions & { readonly messages?: readonly string[] } = {},
): void {
  const { messages = [], ...rest } = options;
  const session = outcome(version, role, input, rest);
  expectMessages(session, ...messages);
  expect(sentBy(session)).toEqual(answer);
  expect(session.sink.events.at(-1)).toEqual({ type: "end" });
  session.receive(bytes`00 ff`);
  expect(endOf(session.end())).toMatchObject({
    clean: false,
    initiator: "local",
    received: undefined,
    ...end,
  });
}

/** All that a machine has sent. */
export function sentBy(session: Session): Buffer {
  return Buffer.concat(session.sink.of("sent").map(({ bytes: sent }) => sent));
}

/** How a machine ended: once, and last. */
export function endOf(session: Session): WireEnd {
  const [closed, ...more] = session.sink.of("closed");
  expect(more).toEqual([]);
  expect(session.sink.events.at(-1)).toBe(closed);
  if (closed === undefined) throw new Error("it has not ended");
  return closed.end;
}

/** Bytes combined with a mask from its first byte on, over and over. */
export function combined(from: Uint8Array, mask: Uint8Array): Buffer {
  return Buffer.from(from.map((byte, index) => byte ^ (mask[index % mask.length] ?? 0)));
}

/** A frame as a client of a draft sends it, from how a server does: the masking key of the tests is 37 fa 21 3d. */
export function fromClient(version: WireVersion, frame: Uint8Array): Buffer {
  const nonce = bytes`37 fa 21 3d`;
  if (version === "hybi-01" || version === "hybi-02" || version === "hybi-03") return Buffer.from(frame);
  if (version === "hybi-04") return Buffer.concat([nonce, combined(frame, frameKey(nonce))]);
  if (version === "hybi-05" || version === "hybi-06") return Buffer.concat([nonce, combined(frame, nonce)]);
  return maskedPayload(Buffer.from(frame), nonce);
}

/** As from draft 7 on: the key behind the length, and only the payload masked. */
function maskedPayload(frame: Buffer, key: Buffer): Buffer {
  const length = (frame[1] ?? 0) & 0x7f;
  const head = Buffer.from(frame.subarray(0, length < 126 ? 2 : length === 126 ? 4 : 10));
  head[1] = (head[1] ?? 0) | 0x80;
  return Buffer.concat([head, key, combined(frame.subarray(head.length), key)]);
}

/** A frame as the peer of an endpoint sends it, from how a server does. */
export function toRole(role: Role, version: WireVersion, frame: Uint8Array): Buffer {
  return role === "server" ? fromClient(version, frame) : Buffer.from(frame);
}

/** A frame as an endpoint itself sends it, from how a server does. */
export function fromRole(role: Role, version: WireVersion, frame: Uint8Array): Buffer {
  return role === "client" ? fromClient(version, frame) : Buffer.from(frame);
}
