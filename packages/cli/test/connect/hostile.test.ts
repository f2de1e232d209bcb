// Pipes that break, fill up or never end: rows R18 and R19 of the hostile inputs.
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import type { AnyConnection } from "hawser";
import { describe, expect, test } from "vitest";
import { startPiped } from "../support/program.ts";
import { connectWith, feed, peakMemory, resultOf, target, tellsMemory } from "./support.ts";

const MiB = 1024 * 1024;

/** The most memory that the program may take, in MiB: half of it is Node's own. */
const ENOUGH = 160;

/** Reads one message of any size. Resolves with its size. */
async function sizeOfNext(ws: AnyConnection): Promise<number> {
  for await (const message of ws.messages()) {
    let size = 0;
    for await (const piece of message) size += piece.length;
    return size;
  }
  throw new Error("the connection ended before a message came");
}

describe("R18: whoever reads us leaves", () => {
  test("standard output: ends quietly, with a closing handshake", async () => {
    const { url, arrival } = await target(async (ws) => {
      for (let count = 1; await ws.drain(); count += 1) ws.send(`line ${count}`);
    });
    const program = startPiped(["connect", url]);
    await program.printed(/line 3\n/);
    program.child.stdout?.destroy();
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.stderr).toMatch(/^connected to [^\n]*\nclosed by us with 1000[^\n]*\n$/);
    expect(await (await arrival()).closed).toMatchObject({ code: 1000, initiator: "peer" });
  });

  test("standard error: nothing happens", async () => {
    const { url, arrival } = await target();
    const program = startPiped(["connect", "--wait", "0", url]);
    program.child.stderr?.destroy();
    const ws = await arrival();
    ws.send("one");
    await program.printed(/one\n/);
    program.child.stdin?.end("two\n");
    expect(await ws.receive()).toBe("two");
    expect((await program.ended).code).toBe(0);
  });

  test.skipIf(process.platform !== "linux")("a full disk is told, and is no normal end", async () => {
    const { url } = await target((ws) => ws.send("x"));
    const program = startPiped(["connect", "-q", url], {}, "/dev/full");
    const { code, stderr } = await resultOf(program);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: the output cannot be written: ENOSPC: no space left[^\n]*\n$/);
  });
});

describe.skipIf(!tellsMemory)("R19: memory stays within bounds, however much comes in", () => {
  test("a line of 256 MiB without an end goes out as one message", async () => {
    const { url, arrival } = await target(undefined, { limits: { message: Number.POSITIVE_INFINITY } });
    const program = startPiped(["connect", "-q", "--wait", "0", url]);
    const ws = await arrival();
    const size = sizeOfNext(ws);
    await feed(program, Buffer.alloc(MiB, "x"), 256);
    expect(await size).toBe(256 * MiB);
    expect(peakMemory(program)).toBeLessThan(ENOUGH);
    expect(await resultOf(program)).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("so do 256 MiB of any bytes with --binary", async () => {
    const { url, arrival } = await target(undefined, { limits: { message: Number.POSITIVE_INFINITY } });
    const program = startPiped(["connect", "-q", "--binary", "--wait", "none", url]);
    const ws = await arrival();
    const size = sizeOfNext(ws);
    await feed(program, Buffer.alloc(MiB, 0xff), 256);
    expect(await size).toBe(256 * MiB);
    expect(peakMemory(program)).toBeLessThan(ENOUGH);
    await ws.close();
    expect((await resultOf(program)).code).toBe(0);
  });

  test("many lines, to a peer that takes them slowly", async () => {
    const { url, arrival } = await target();
    const program = startPiped(["connect", "-q", "--wait", "none", url]);
    const ws = await arrival();
    const fed = feed(program, Buffer.from(`${"x".repeat(1023)}\n`.repeat(1024)), 32);
    for (let count = 0; count < 32 * 1024; count += 1) {
      const message = await ws.receive();
      if (message?.length !== 1023) throw new Error(`message ${count} is not what was sent`);
      if (count % 64 === 0) await setImmediate();
    }
    await fed;
    expect(peakMemory(program)).toBeLessThan(ENOUGH);
    await ws.close();
    expect((await resultOf(program)).code).toBe(0);
  });

  test("bytes that are no text, as lines: an error, and not a crash", async () => {
    const { url } = await target();
    const noise = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31) & 0xff));
    const { code, stderr } = await connectWith(noise, "-q", url);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: line 1 of the input is not UTF-8; /);
  });

  test("a line of --jsonl that has no end is given up", async () => {
    const { url } = await target();
    const program = startPiped(["connect", "--jsonl", url]);
    await feed(program, Buffer.alloc(MiB, " "), 200);
    const { code, stderr } = await resultOf(program);
    expect(code).toBe(2);
    expect(stderr).toBe("hawser: line 1 of the input: longer than 64 MiB\n");
  });

  test("a reader of our output that stops makes us stop reading the connection", async () => {
    // The server gives up on a client that does not read: that is how it is known that we do not.
    const { url, arrival } = await target(
      async (ws) => {
        const line = "x".repeat(65_535);
        while (await ws.drain()) ws.send(line);
      },
      { timeouts: { stalled: 500 } },
    );
    const program = startPiped(["connect", "-q", url]);
    await program.printed(/x/);
    program.child.stdout?.pause();
    const ws = await arrival();
    const report = await ws.closed;
    expect(report).toMatchObject({ cause: "timeout", limit: "timeouts.stalled" });
    expect(peakMemory(program)).toBeLessThan(ENOUGH);
    program.child.stdout?.resume();
    expect((await program.ended).code).toBe(5);
    // What had come is not lost.
    const lines = program.stdout.split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines.slice(0, -1)) expect(line).toHaveLength(65_535);
  });
});
