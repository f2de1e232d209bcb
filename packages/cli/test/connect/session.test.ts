// A session from inside, with streams and connections in memory.
import { PassThrough, Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { testPair } from "hawser";
import { expect, onTestFinished, test, vi } from "vitest";
import type { TalkOptions } from "../../src/connect/front.ts";
import { connectionLink } from "../../src/connect/link.ts";
import { talk } from "../../src/connect/session.ts";

/** A stream whose reader takes what is written when it is told to. */
class SlowStream extends Writable {
  text = "";
  isTTY = false;
  #take: (() => void) | undefined;
  #slow = false;

  constructor() {
    super({ highWaterMark: 1, decodeStrings: false });
  }

  /** From now on, until `take`. */
  hold(): void {
    this.#slow = true;
  }

  take(): void {
    this.#slow = false;
    this.#take?.();
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    const take = () => {
      this.text += chunk.toString();
      done();
    };
    if (this.#slow) this.#take = take;
    else take();
  }
}

function sessionOf(options: Partial<TalkOptions> = {}, terminal = false) {
  const pair = testPair();
  const stdin = new PassThrough();
  const stdout = new SlowStream();
  const stderr = new SlowStream();
  stdout.isTTY = terminal;
  const code = talk(
    connectionLink(pair.client, "ws://test/"),
    { format: "lines", once: false, wait: 0, quiet: true, color: true, ...options },
    { stdin, stdout, stderr, environment: {}, stopped: new Promise(() => undefined) },
  );
  return { ...pair, stdin, stdout, stderr, code };
}

test("what goes to a terminal without a prompt is made safe for it", async () => {
  const { server, stdout, stdin, code } = sessionOf({}, true);
  server.send("\u001b[2Jtext\nmore");
  server.send(Uint8Array.of(0x1b, 0x41));
  await server.ping();
  stdin.end();
  expect(await code).toBe(0);
  expect(
    stdout.text.replaceAll("\u001b[33m", "").replaceAll("\u001b[39m", "").replaceAll("\u001b[36m", ""),
  ).toBe("\\u{1b}[2Jtext\nmore\n2 bytes: 1b 41 |.A|\n");
});

test("a message of endless length is cut for people", async () => {
  const { server, stdout, stdin, code } = sessionOf({}, true);
  server.send("x".repeat(20_100));
  await server.ping();
  stdin.end();
  expect(await code).toBe(0);
  expect(stdout.text).toContain(`${"x".repeat(20_000)}… and 100 more characters\n`);
});

test("what came is written before the session ends, however late that is", async () => {
  const { server, stdout, code } = sessionOf();
  stdout.hold();
  server.send("one");
  server.send("two");
  await server.close();
  expect(stdout.text).toBe("");
  stdout.take();
  expect(await code).toBe(0);
  expect(stdout.text).toBe("one\ntwo\n");
});

test("the wait for answers begins when everything has arrived at the peer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { client, server, toServer, clock, stdin, code } = sessionOf({ wait: 1000 });
  const passes = async (milliseconds: number) => {
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    vi.advanceTimersByTime(milliseconds);
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  };
  toServer.delay = 60;
  stdin.end("one\n");
  await passes(10_000);
  expect(client.phase).toBe("open");
  clock.advance(60);
  expect(await server.receive()).toBe("one");
  toServer.delay = 0;
  await passes(999);
  expect(client.phase).toBe("open");
  await passes(1);
  expect(await code).toBe(0);
});

test("the input is not read before there is a connection", async () => {
  const { client, server } = testPair();
  let open: (opened: boolean) => void = () => undefined;
  const opened = new Promise<boolean>((resolve) => {
    open = resolve;
  });
  const [stdin, stdout, stderr] = [new PassThrough(), new SlowStream(), new SlowStream()];
  const code = talk(
    { ...connectionLink(client, "ws://test/"), opened },
    { format: "lines", once: false, wait: 0, quiet: true, color: true },
    { stdin, stdout, stderr, environment: {}, stopped: new Promise(() => undefined) },
  );
  stdin.end("one\n");
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  expect(stdin.readableLength).toBe(4);
  open(true);
  expect(await server.receive()).toBe("one");
  expect(await code).toBe(0);
});

test("a peer that does not read stops the input, and nothing is lost by it", async () => {
  const { client, server, toServer, stdin, code } = sessionOf();
  toServer.stall();
  const lines = Array.from({ length: 4096 }, (_, at) => `${at}`.padStart(1023, "."));
  stdin.end(`${lines.join("\n")}\n`);
  for (let turn = 0; turn < 200; turn += 1) await setImmediate();
  expect(client.phase).toBe("open");
  toServer.unstall();
  for (const line of lines) expect(await server.receive()).toBe(line);
  expect(await code).toBe(0);
});

test("events and messages that wait for room at the same time all get it", async () => {
  const { server, stdin, stdout, code } = sessionOf({ format: "jsonl" });
  stdout.hold();
  stdin.write('{"ping":"1"}\n');
  server.send("x");
  await server.ping();
  await server.close();
  stdout.take();
  expect(await code).toBe(0);
  expect(stdout.text.match(/"(open|pong|text|closed)"/g)?.sort()).toEqual([
    '"closed"',
    '"open"',
    '"pong"',
    '"text"',
  ]);
});

test("input that cannot be read is told", async () => {
  const { server, stdin, stderr, code } = sessionOf();
  stdin.destroy(new Error("read EIO"));
  expect(await server.closed).toMatchObject({ code: 1011 });
  expect(await code).toBe(2);
  expect(stderr.text).toBe("hawser: standard input cannot be read: read EIO\n");
});

test("an output that is closed already ends it", async () => {
  const { server, stdout, code } = sessionOf();
  stdout.destroy();
  expect(await server.closed).toMatchObject({ code: 1000 });
  expect(await code).toBe(0);
});

test("a message that breaks off is not passed off as whole by an exit code of 0", async () => {
  const { server, stdout, code } = sessionOf();
  async function* pieces() {
    yield "begun";
    await server.ping();
    throw new Error("no more");
  }
  await expect(server.sendStream("text", pieces())).rejects.toThrow("no more");
  expect(await code).toBe(4);
  expect(stdout.text).toBe("begun");
});
