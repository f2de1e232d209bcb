// Large messages, many fragments, many chops, many messages, for an echo at either end. The numbers are the categories that
// conformance suites have become used to.
import { Buffer } from "node:buffer";
import type { Role } from "hawser/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filler } from "../support/bytes.ts";
import { framesFor, KEY, xored } from "../support/frames.ts";
import type { Chop } from "../support/raw-client.ts";
import { type EchoEnd, hearOut, open } from "./questions.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const LARGEST = 16 * MiB;

const content = {
  binary: filler(LARGEST),
  text: Buffer.alloc(LARGEST, "é水😀 *".repeat(100)),
} as const;
/** As a peer of this role's sends it. Masked once: that is the slow part of a test. The key's place hangs on where a message begins. */
const travelling = {
  client: content,
  server: { binary: xored(content.binary, KEY), text: xored(content.text, KEY) },
} as const;

type Kind = "text" | "binary";

/** The largest size that ends between two characters, at most this. */
function cutBetween(kind: Kind, size: number): number {
  let end = size;
  while (kind === "text" && (content.text[end] ?? 0) >> 6 === 0b10) end -= 1;
  return end;
}

/** A frame with a piece of the content, from a multiple of four on. */
function frame(role: Role, kind: Kind, from: number, to: number, total: number): Buffer {
  const length = to - from;
  const opcode = from === 0 ? (kind === "text" ? 1 : 2) : 0;
  const empty = framesFor(role).frame({ opcode, fin: to === total, length });
  return Buffer.concat([empty, travelling[role][kind].subarray(from, to)]);
}

/** One message in fragments of so many bytes. */
function message(role: Role, kind: Kind, size: number, fragment = size): Buffer {
  const frames: Buffer[] = [];
  for (let from = 0; from < size || frames.length === 0; from += fragment)
    frames.push(frame(role, kind, from, Math.min(from + fragment, size), size));
  return Buffer.concat(frames);
}

/** How 4 MiB are cut, where all ways are tried. */
export const FRAGMENTS = [64, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB];

/** Describes an echo that takes messages of all sizes. */
export function describeSizes(
  name: string,
  role: Role,
  start: () => Promise<EchoEnd>,
  fragments: readonly number[],
): void {
  describe(name, () => sizes(role, start, fragments));
}

function sizes(role: Role, start: () => Promise<EchoEnd>, fragments: readonly number[]): void {
  const peer = framesFor(role);
  let end: EchoEnd;
  beforeAll(async () => {
    end = await start();
  });
  afterAll(() => end.close());

  const echoed = async (kind: Kind, size: number, bytes: Buffer, chop: Chop = "whole") => {
    const client = await open(end);
    await client.send(bytes, chop);
    const answer = await client.frame();
    expect(answer?.opcode).toBe(kind === "text" ? 1 : 2);
    expect(answer?.fin).toBe(true);
    expect(answer?.payload.equals(content[kind].subarray(0, size))).toBe(true);
    await client.send(peer.close(1000));
    expect(await hearOut(end, client)).toEqual(["close 1000"]);
    await client.hangUp();
    expect(await end.reports.take()).toMatchObject({
      code: 1000,
      clean: true,
      initiator: "peer",
      messages: { sent: 1, received: 1 },
    });
  };

  describe.each(["text", "binary"] as const)("%s", (kind) => {
    test.each([64 * KiB, 256 * KiB, MiB, 4 * MiB, LARGEST])("9.1, 9.2: %i bytes", async (about) => {
      const size = cutBetween(kind, about);
      await echoed(kind, size, message(role, kind, size));
    });

    test.each(fragments)("9.3, 9.4: 4 MiB in fragments of %i bytes", async (fragment) => {
      const size = cutBetween(kind, 4 * MiB);
      await echoed(kind, size, message(role, kind, size, fragment));
    });

    test.each([64, 512, 997, KiB, 65_537])("9.5, 9.6: 1 MiB in chops of %i bytes", async (chop) => {
      const size = cutBetween(kind, MiB);
      await echoed(kind, size, message(role, kind, size), chop);
    });

    test("64 KiB in chops of 5 bytes, and in fragments as well", async () => {
      const size = cutBetween(kind, 64 * KiB);
      await echoed(kind, size, message(role, kind, size), 5);
      await echoed(kind, size, message(role, kind, size, 1000), 5);
    });

    test("10.1: 64 KiB in fragments of 1300 bytes", async () => {
      const size = cutBetween(kind, 65_536);
      await echoed(kind, size, message(role, kind, size, 1300));
    });

    test.each([0, 16, 64, 256, KiB, 4 * KiB])(
      "9.7, 9.8: 1000 messages of %i bytes, one round trip each",
      async (about) => {
        const size = cutBetween(kind, about);
        const bytes = message(role, kind, size);
        const client = await open(end);
        for (let round = 0; round < 1000; round += 1) {
          await client.send(bytes);
          const answer = await client.frame();
          if (answer?.payload.equals(content[kind].subarray(0, size)) !== true)
            throw new Error(`round ${round} brought something else back`);
        }
        await client.send(peer.close(1000));
        await hearOut(end, client);
        await client.hangUp();
        expect(await end.reports.take()).toMatchObject({ messages: { sent: 1000, received: 1000 } });
      },
    );

    test("10,000 messages at once, answered in order", async () => {
      const client = await open(end);
      const messages = Array.from({ length: 10_000 }, (_, index) => `message ${index}`);
      await client.send(
        Buffer.concat(
          messages.map((text) => (kind === "text" ? peer.text(text) : peer.binary(Buffer.from(text)))),
        ),
      );
      const answers = await client.frames(messages.length);
      expect(answers.map(({ payload }) => payload.toString())).toEqual(messages);
      await client.send(peer.close(1000));
      await hearOut(end, client);
      await client.hangUp();
      expect(await end.reports.take()).toMatchObject({ clean: true });
    });
  });
}
