// hawser connect --reconnect: one connection after another.
import { refuse } from "hawser";
import { expect, test } from "vitest";
import { startPiped } from "../support/program.ts";
import { connectWith, echo, resultOf, target } from "./support.ts";

test("comes back when the connection is lost, and goes on where the input is", async () => {
  const { url, arrival } = await target();
  const program = startPiped(["connect", "--reconnect", "--wait", "0", url]);
  program.child.stdin?.write("one\n");
  const first = await arrival();
  expect(await first.receive()).toBe("one");
  first.send("to one");
  await program.printed(/to one\n/);
  void first.terminate();
  const second = await arrival();
  program.child.stdin?.end("two\n");
  expect(await second.receive()).toBe("two");
  expect(await second.closed).toMatchObject({ code: 1000 });
  const { code, stdout, stderr } = await resultOf(program);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "to one\n" });
  const lines = stderr.trimEnd().split("\n");
  expect(lines).toEqual([
    `connected to ${url}`,
    expect.stringMatching(/^lost without a Close.*; trying again in \d\.\d s$/),
    `connected to ${url}`,
    expect.stringMatching(/^closed by us with 1000, /),
  ]);
});

test("--jsonl tells of it", async () => {
  const { url, arrival } = await target();
  const program = startPiped(["connect", "--reconnect", "--jsonl", url]);
  const first = await arrival();
  first.send("x");
  await program.printed(/"x"/);
  void first.terminate();
  await program.printed(/^\{"reconnecting":\{"attempt":\d+,"delay":\d+,"reason":"lost [^"]*"\}\}$/m);
  const second = await arrival();
  second.send("y");
  await program.printed(/"y"/);
  void second.close();
  expect((await resultOf(program)).code).toBe(0);
  expect(program.count(/^\{"open":/)).toBe(2);
  expect(program.stdout).toMatch(/\n\{"closed":\{"code":1000,[^\n]*\n$/);
});

test("a server that is not there yet is waited for", async () => {
  let refused = 0;
  const { url } = await target(echo, {
    upgrade: () => {
      refused += 1;
      return refused === 1 ? refuse(503, "not yet") : undefined;
    },
  });
  const { code, stdout, stderr } = await connectWith("hello\n", "--reconnect", "--once", url);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "hello\n" });
  expect(stderr).toMatch(/^[^\n]*503[^\n]*not yet[^\n]*; trying again in \d+\.\d s\nconnected to /);
});

test.each<[string, number, RegExp, Parameters<typeof target>[1]]>([
  ["an answer that will not change", 3, /^hawser: [^\n]*404[^\n]*\n$/, { upgrade: () => refuse(404) }],
])("%s ends it: exit code %i", async (_name, code, words, options) => {
  const { url } = await target(echo, options);
  const result = await connectWith("hello\n", "--reconnect", url);
  expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: "" });
  expect(result.stderr).toMatch(words);
});

test("so does a Close that means it", async () => {
  const { url } = await target((ws) => void ws.close(4001, "banned"));
  const { code, stderr } = await connectWith("", "-q", "--wait", "none", "--reconnect", url);
  expect(code).toBe(4);
  expect(stderr).toMatch(/^closed by the peer with 4001 "banned", [^\n]*\n$/);
});

test("a signal ends it while it waits for the next attempt", async () => {
  const { url } = await target(echo, { upgrade: () => refuse(503, "closed", { "Retry-After": "600" }) });
  const program = startPiped(["connect", "--reconnect", "--jsonl", url]);
  await program.printed(/"reconnecting"/);
  program.signal("SIGINT");
  expect((await resultOf(program)).code).toBe(130);
});

test("more input than may wait is not read until there is a connection again, and nothing is lost by it", async () => {
  let requests = 0;
  const { url, arrival } = await target(undefined, {
    upgrade: () => {
      requests += 1;
      return requests === 2 ? refuse(503, "not yet", { "Retry-After": "1" }) : undefined;
    },
  });
  const program = startPiped(["connect", "--jsonl", "--reconnect", "--wait", "0", url]);
  const first = await arrival();
  await program.printed(/"open"/);
  void first.terminate();
  await program.printed(/"reason":"[^"]*not yet/);
  const lines = Array.from({ length: 8192 }, (_, at) => `${at}`.padStart(1023, "."));
  program.child.stdin
    ?.on("error", () => undefined)
    .end(lines.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const ws = await arrival();
  for (const line of lines) expect(await ws.receive()).toBe(line);
  expect((await resultOf(program)).code).toBe(0);
});

test("wrong options are told at once", async () => {
  const { code, stderr } = await connectWith("", "--reconnect", "ftp://a/");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^hawser: [^\n]*ftp[^\n]*\n$/);
});

test("a line that does not fit into what may wait is told, and ends it", async () => {
  const { url } = await target();
  const { code, stderr } = await connectWith("x".repeat(3_000_000), "-q", "--reconnect", url);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "hawser: line 1 of the input: longer than 1 MiB, which is too long for --reconnect\n",
  });
});
