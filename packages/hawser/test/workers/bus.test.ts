// The pipe between the primary and a member: messages come whole and in order, however their bytes are cut.
import { type Duplex, PassThrough } from "node:stream";
import { serialize } from "node:v8";
import { expect, test } from "vitest";
import { Bus } from "../../src/workers/bus.ts";

type Said = { readonly number: number; readonly data?: Uint8Array };

function isSaid(message: unknown): message is Said {
  return typeof message === "object" && message !== null && "number" in message;
}

/** What is heard of these bytes, in pieces of this size. */
async function heard(bytes: Uint8Array, size: number): Promise<Said[]> {
  const pipe = new PassThrough();
  const messages: Said[] = [];
  new Bus<Said, Said>(pipe, isSaid, (message) => messages.push(message));
  for (let at = 0; at < bytes.length; at += size) {
    pipe.write(bytes.subarray(at, at + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return messages;
}

async function written(...messages: Said[]): Promise<Uint8Array> {
  const pipe: Duplex = new PassThrough();
  const bus = new Bus<Said, Said>(pipe, isSaid, () => undefined);
  pipe.removeAllListeners("data");
  const chunks: Buffer[] = [];
  pipe.on("data", (chunk: Buffer) => chunks.push(chunk));
  for (const message of messages) bus.tell(message);
  await new Promise((resolve) => setImmediate(resolve));
  return Buffer.concat(chunks);
}

test.each([1, 2, 3, 4, 5, 7, 1000, 1_000_000])("in pieces of %i bytes", async (size) => {
  const data = new Uint8Array(3000).fill(7);
  const messages = [{ number: 1 }, { number: 2, data }, { number: 3 }, { number: 4 }];
  expect(await heard(await written(...messages), size)).toEqual(messages);
});

test("what is no message of ours is not heard", async () => {
  const foreign = serialize("something else");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(foreign.length);
  const bytes = Buffer.concat([length, foreign, await written({ number: 1 })]);
  expect(await heard(bytes, bytes.length)).toEqual([{ number: 1 }]);
});

test("a pipe that breaks, or has ended, is nobody's trouble", () => {
  const pipe = new PassThrough();
  const bus = new Bus<Said, Said>(pipe, isSaid, () => undefined);
  pipe.destroy(new Error("EPIPE"));
  expect(() => bus.tell({ number: 1 })).not.toThrow();
});

test("what cannot be cloned throws where it is said", () => {
  const bus = new Bus<Said, unknown>(new PassThrough(), isSaid, () => undefined);
  expect(() => bus.tell(() => undefined)).toThrow("could not be cloned");
});
