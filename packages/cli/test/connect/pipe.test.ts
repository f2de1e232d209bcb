// hawser connect on pipes: what goes in comes out at the peer, what comes from the peer goes out, and nothing else.
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { bin, startPiped } from "../support/program.ts";
import { connectWith, echo, resultOf, target } from "./support.ts";

/** What has come to a server, until the connection ends. */
async function received(ws: AsyncIterable<string | Uint8Array>): Promise<(string | Uint8Array)[]> {
  const messages: (string | Uint8Array)[] = [];
  for await (const message of ws) messages.push(message);
  return messages;
}

describe("lines", () => {
  test("each line is a message and each answer a line; standard output has nothing else", async () => {
    const { url } = await target(echo);
    const { code, stdout, stderr } = await connectWith("one\n\nGrüße 🐈\nlast", url);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "one\n\nGrüße 🐈\nlast\n" });
    expect(stderr).toMatch(new RegExp(`^connected to ${url}\\nclosed by us with 1000, after .*\\n$`));
  });

  test("answers that take their time are waited for, as long as they keep coming", async () => {
    const { url } = await target(async (ws) => {
      for await (const message of ws) {
        // Not before the ping that says that all has arrived was answered.
        await ws.ping();
        ws.send(`${String(message)}, later`);
      }
    });
    expect(await connectWith("one\ntwo\n", "-q", url)).toEqual({
      code: 0,
      stdout: "one, later\ntwo, later\n",
      stderr: "",
    });
  });

  test("--wait none stays until the peer closes", async () => {
    const { url, arrival } = await target();
    const running = connectWith("one\n", "-q", "--wait", "none", url);
    const ws = await arrival();
    expect(await ws.receive()).toBe("one");
    await ws.ping();
    ws.send("bye");
    void ws.close(1001);
    expect(await running).toEqual({ code: 0, stdout: "bye\n", stderr: "" });
  });

  test("binary goes out as it came", async () => {
    const { url } = await target((ws) => {
      ws.send(Uint8Array.of(1, 2));
      ws.send("text");
      ws.send(Uint8Array.of(3));
      void ws.close();
    });
    const { stdout } = await connectWith("", "-q", url);
    expect(stdout).toBe("\u0001\u0002text\n\u0003");
  });

  test("a message larger than the limit of other formats goes through, piece by piece", async () => {
    const size = 20 * 1024 * 1024;
    const { url } = await target(async (ws) => {
      ws.send(Buffer.alloc(size, "x"));
      await ws.drain();
      await ws.close();
    });
    const { code, stdout } = await connectWith("", "-q", "--wait", "none", url);
    expect({ code, length: stdout.length }).toEqual({ code: 0, length: size });
  });

  test("standard input is not read before the connection is open", async () => {
    let asked: () => void = () => undefined;
    let accept: (answer: undefined) => void = () => undefined;
    const asking = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { url, arrival } = await target(undefined, {
      upgrade: () => {
        asked();
        return new Promise<undefined>((resolve) => {
          accept = resolve;
        });
      },
    });
    const program = startPiped(["connect", "-q", "--wait", "0", url]);
    const lines = `${"x".repeat(1023)}\n`.repeat(4096);
    program.child.stdin?.write(lines);
    await asking;
    // A pipe of the system holds some hundred KiB.
    expect(program.child.stdin?.writableLength).toBeGreaterThan(2 ** 20);
    accept(undefined);
    const ws = await arrival();
    for (let count = 0; count < 4096; count++) expect(await ws.receive()).toHaveLength(1023);
    program.child.stdin?.end();
    expect(await resultOf(program)).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("what is not UTF-8 is not sent as something else", async () => {
    const { url, arrival } = await target();
    const running = connectWith(Buffer.from("one\n\xff\nthree\n", "latin1"), "-q", url);
    const ws = await arrival();
    expect(await ws.receive()).toBe("one");
    expect(await ws.closed).toMatchObject({ code: 1011, messages: { received: 1 } });
    const { code, stderr } = await running;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: line 2 of the input is not UTF-8; [^\n]*--binary/);
  });
});

test("--binary: the input is one message, and what comes has nothing between it", async () => {
  const { url, arrival } = await target(undefined, { limits: { message: 10_000_000 } });
  const bytes = Uint8Array.from({ length: 1_000_000 }, (_, at) => at * 7);
  const program = spawn(process.execPath, [bin, "connect", "-q", "--binary", "--wait", "none", url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  program.stdin.end(bytes);
  const chunks: Buffer[] = [];
  program.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ws = await arrival();
  const message = await ws.receive();
  expect(typeof message !== "string" && message && Buffer.compare(message, bytes)).toBe(0);
  ws.send(Uint8Array.of(0, 10));
  ws.send("text");
  ws.send(Uint8Array.of(255));
  void ws.close();
  expect(await once(program, "close")).toEqual([0, null]);
  expect(Buffer.concat(chunks)).toEqual(Buffer.from("\0\ntext\xff", "latin1"));
});

test("--binary without input sends nothing", async () => {
  const { url, arrival } = await target();
  const running = connectWith("", "-q", "--binary", "--wait", "0", url);
  expect(await received(await arrival())).toEqual([]);
  expect((await running).code).toBe(0);
});

describe("--once", () => {
  test("ends after the first message, whatever else comes", async () => {
    const { url, arrival } = await target((ws) => {
      ws.send("first");
      ws.send("second");
    });
    const program = startPiped(["connect", "-q", "--once", url]);
    expect(await resultOf(program)).toEqual({ code: 0, stdout: "first\n", stderr: "" });
    expect(await (await arrival()).closed).toMatchObject({ code: 1000, clean: true });
  });

  test("waits for it after the end of the input, and says if none came", async () => {
    const { url, arrival } = await target();
    const running = connectWith("question\n", "-q", "--once", "--wait", "0", url);
    const ws = await arrival();
    expect(await ws.receive()).toBe("question");
    await ws.ping();
    void ws.close();
    expect(await running).toEqual({ code: 6, stdout: "", stderr: "" });
  });
});

describe("--jsonl", () => {
  test("text and binary come back as they went, whatever they hold", async () => {
    const { url } = await target(echo);
    const lines = [
      '{"text":"a\\nb\\u0000\\u009b 🐈 \\u2028"}',
      '{"binary":"AAECA//+"}',
      '{"text":""}',
      '{"binary":""}',
    ];
    const { code, stdout, stderr } = await connectWith(`${lines.join("\n")}\n`, "--jsonl", url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [open, ...rest] = stdout.trimEnd().split("\n");
    expect(JSON.parse(open ?? "")).toEqual({ open: { url, subprotocol: "", version: "rfc6455" } });
    expect(rest.slice(0, -1)).toEqual(lines);
    expect(JSON.parse(rest.at(-1) ?? "")).toEqual({
      closed: { code: 1000, reason: "", clean: true, initiator: "local", cause: "close" },
    });
  });

  test("the output of one is the input of another", async () => {
    const from = await target((ws) => {
      ws.send("text");
      ws.send(Uint8Array.of(1, 2, 3));
      void ws.close();
    });
    const to = await target();
    const { stdout } = await connectWith("", "--jsonl", from.url);
    const running = connectWith(stdout, "--jsonl", "--wait", "0", to.url);
    expect(await received(await to.arrival())).toEqual(["text", Uint8Array.of(1, 2, 3)]);
    expect((await running).code).toBe(0);
  });

  test("pings and closes", async () => {
    const { url, arrival } = await target();
    const program = startPiped(["connect", "--jsonl", url]);
    program.child.stdin?.write('{"ping":"p"}\n');
    await program.printed(/^\{"pong":\{"milliseconds":\d+(\.\d{1,3})?\}\}$/m);
    program.child.stdin?.write('{"close":{"code":4000,"reason":"enough"}}\n');
    expect(await (await arrival()).closed).toMatchObject({ code: 4000, reason: "enough" });
    const { code, stdout } = await resultOf(program);
    expect(code).toBe(4);
    expect(stdout).toMatch(/\{"closed":\{"code":4000,"reason":"enough","clean":true,/);
  });

  test.each([
    [
      '{"text":"fine"}\n\nnonsense\n',
      /^hawser: line 3 of the input: not JSON; a line is \{"text": [^\n]*\n$/,
    ],
    ['{"text":"fine"}\n{"close":{"code":1005}}\n', /^hawser: line 2 of the input: [^\n]*1005[^\n]*\n$/],
  ])("a line that is wrong is named: %j", async (input, complaint) => {
    const { url, arrival } = await target();
    const running = connectWith(input, "--jsonl", url);
    const ws = await arrival();
    expect(await ws.receive()).toBe("fine");
    expect(await ws.closed).toMatchObject({ code: 1011 });
    const { code, stderr } = await running;
    expect(code).toBe(2);
    expect(stderr).toMatch(complaint);
  });
});

describe("the end", () => {
  test.each<
    [
      string,
      number,
      RegExp,
      (ws: { close: (code: number, reason?: string) => unknown; terminate: () => unknown }) => unknown,
    ]
  >([
    ["1000", 0, /^$/, (ws) => ws.close(1000)],
    ["1001", 0, /^$/, (ws) => ws.close(1001, "restart")],
    ["1011", 4, /^closed by the peer with 1011, after /, (ws) => ws.close(1011)],
    ["4001", 4, /^closed by the peer with 4001 "no", after /, (ws) => ws.close(4001, "no")],
    ["no Close", 5, /^lost without a Close/, (ws) => ws.terminate()],
  ])("%s: exit code %i, said even with --quiet if it is no normal one", async (_name, code, words, end) => {
    const { url, arrival } = await target();
    const program = startPiped(["connect", "-q", url]);
    const ws = await arrival();
    ws.send("ready");
    await program.printed(/ready/);
    void end(ws);
    const result = await resultOf(program);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: "ready\n" });
    expect(result.stderr).toMatch(words);
  });

  test("a message over --max-message", async () => {
    const { url } = await target((ws) => ws.send("x".repeat(2000)));
    const { code, stderr } = await connectWith("", "-q", "--wait", "none", "--max-message", "1K", url);
    expect(code).toBe(4);
    expect(stderr).toMatch(/limits\.message/);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s closes with 1000: exit code %i", async (signal, code) => {
    const { url, arrival } = await target();
    const program = startPiped(["connect", url]);
    const ws = await arrival();
    ws.send("ready");
    await program.printed(/ready/);
    program.signal(signal);
    expect(await ws.closed).toMatchObject({ code: 1000, clean: true });
    expect(await program.ended).toEqual({ code, signal: null });
  });

  test("a signal while connecting", async () => {
    let asked: () => void = () => undefined;
    const asking = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { url } = await target(undefined, {
      upgrade: () => {
        asked();
        return new Promise<undefined>(() => undefined);
      },
    });
    const program = startPiped(["connect", url]);
    await asking;
    program.signal("SIGINT");
    expect(await resultOf(program)).toEqual({ code: 130, stdout: "", stderr: "" });
  });
});
