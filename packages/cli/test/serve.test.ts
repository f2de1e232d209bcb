// hawser serve --demo from its start to its end: what it prints, and how it stops.
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { expect, test } from "vitest";
import { Client, connect } from "./support/client.ts";
import { type Program, start, startDemo } from "./support/program.ts";

/** Resolves when this many lines of the program's output match. */
async function lines(program: Program, pattern: RegExp, count: number): Promise<void> {
  while (program.count(pattern) < count) await once(program.child.stdout!, "data");
}

test("prints where everything is, on a pipe without colours", async () => {
  const { program, url, ws } = await startDemo();
  expect(program.stdout).toContain(`page  ${url}/\n`);
  for (const path of ["/echo", "/chat/harbour", "/meow"]) expect(program.stdout).toContain(`${ws}${path}`);
  expect(program.stdout).not.toContain("\u001b");
});

test("prints a line for each connection, and one for its end in words", async () => {
  const { program, ws } = await startDemo();
  const client = await connect(`${ws}/echo?token=secret`);
  await program.printed(/^\d\d:\d\d:\d\d {2}#1 127\.0\.0\.1 \/echo$/m);
  client.send("hello");
  expect(await client.next()).toBe("hello");
  client.socket.close(4001, "done");
  await program.printed(/^\d\d:\d\d:\d\d {2}#1 closed by the peer with 4001 "done", after .*1 out$/m);
});

test("prints who was refused, and not who never asked", async () => {
  const { program, ws } = await startDemo();
  const silent = connectSocket(Number(new URL(ws).port), "127.0.0.1");
  await once(silent, "connect");
  silent.destroy();
  await expect(connect(`${ws}/nothing`)).rejects.toThrow("404");
  await program.printed(/127\.0\.0\.1 404 there is nothing at this path$/m);
  expect(program.count(/^\d\d:\d\d:\d\d/)).toBe(1);
});

test("what a peer chose is printed with its control characters escaped", async () => {
  const { program, ws } = await startDemo();
  const client = await connect(`${ws}/echo`);
  client.socket.close(4000, "red\u001b[31m \u009b31m \u202efdp.exe\nnext");
  await program.printed(/#1 closed by the peer/);
  await program.printed(/next/);
  const [line = ""] = program.stdout.split("\n").filter((text) => text.includes("4000"));
  expect(line).toContain(String.raw`"red\u001b[31m \u{9b}31m \u{202e}fdp.exe\nnext"`);
});

test("Ctrl-C closes everybody with 1001, says how that went, and exits with 0", async () => {
  const { program, ws } = await startDemo();
  const clients = await Promise.all(
    ["/echo", "/chat/harbour", "/meow"].map((path) => connect(`${ws}${path}`)),
  );
  program.signal("SIGINT");
  for (const client of clients) expect(await client.closed).toEqual({ code: 1001, reason: "" });
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/draining: closing 3 connections with 1001/);
  expect(program.count(/#\d closed by us with 1001/)).toBe(3);
  expect(program.stdout).toMatch(/drained: 3 connections closed\n$/);
  expect(program.stderr).toBe("");
});

test("SIGTERM does the same, and a second signal in the same moment is the same one", async () => {
  const { program, ws } = await startDemo();
  const client = await connect(`${ws}/echo`);
  program.signal("SIGINT");
  program.signal("SIGTERM");
  expect((await client.closed).code).toBe(1001);
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

test("with nobody connected it says so", async () => {
  const { program } = await startDemo();
  program.signal("SIGTERM");
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/drained: nobody was connected\n$/);
});

test("a page that keeps its connection open does not hold it", async () => {
  const { program, url } = await startDemo();
  const { port } = new URL(url);
  const browser = connectSocket(Number(port), "127.0.0.1");
  browser.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await once(browser, "data");
  program.signal("SIGINT");
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

/** Resolves to a socket that has said hello and will never answer a Close. */
async function stuck(ws: string) {
  const { host, port } = new URL(ws);
  const socket = connectSocket(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    `GET /echo HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await once(socket, "data");
  return socket;
}

test("who does not answer the Close is dropped when the close timeout is over", async () => {
  const { program, ws } = await startDemo();
  const client = await connect(`${ws}/echo`);
  await stuck(ws);
  await lines(program, /#\d 127/, 2);
  const since = performance.now();
  program.signal("SIGINT");
  expect((await client.closed).code).toBe(1001);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  const taken = performance.now() - since;
  expect(taken).toBeGreaterThan(4500);
  expect(taken).toBeLessThan(9000);
  expect(program.stdout).toMatch(
    /drained: 1 connection closed, 1 connection dropped for giving no answer\n$/,
  );
});

test("who goes without a Close while it drains is told apart", async () => {
  const { program, ws } = await startDemo();
  const socket = await stuck(ws);
  await lines(program, /#\d 127/, 1);
  program.signal("SIGINT");
  await program.printed(/draining/);
  socket.resetAndDestroy();
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/drained: 0 connections closed, 1 connection lost\n$/);
});

test("a second Ctrl-C ends it at once, with 130", async () => {
  const { program, ws } = await startDemo();
  await stuck(ws);
  await lines(program, /#\d 127/, 1);
  program.signal("SIGINT");
  await program.printed(/draining/);
  // As somebody does who loses patience; the first of them may be too early to count as a press of its own.
  const presses = setInterval(() => program.signal("SIGINT"), 50);
  const { code } = await program.ended;
  clearInterval(presses);
  expect(code).toBe(130);
  expect(program.stdout).not.toMatch(/drained/);
});

test("it goes on serving when nobody reads what it prints", async () => {
  const { program, ws } = await startDemo();
  program.child.stdout?.destroy();
  const clients = [new Client(`${ws}/meow`), new Client(`${ws}/echo`), new Client(`${ws}/nothing`)] as const;
  expect(await clients[0].next()).toBe("滴水之恩当以涌泉相报");
  await clients[1].opened;
  clients[1].socket.close();
  expect((await clients[1].closed).code).toBe(1005);
  clients[0].send("still there?");
  expect(await clients[0].next()).toBe("still there?, MEOW!");
  program.signal("SIGINT");
  expect((await clients[0].closed).code).toBe(1001);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stderr).toBe("");
});

test("--help into a pipe that nobody reads is quiet too", async () => {
  const program = start(["--help"]);
  program.child.stdout?.destroy();
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stderr).toBe("");
});
