// Over real sockets: servers that restart, refuse and shed, and a process that stays alive while it waits.
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { refuse, type Server, serve } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import type { ReconnectingOptions } from "../../../src/client/reconnecting/options.ts";
import type { ReconnectingState } from "../../../src/client/reconnecting/outcome.ts";
import { reconnecting } from "../../../src/client/reconnecting/reconnecting.ts";
import type { Connection } from "../../../src/connection/connection.ts";
import { certificateFor } from "../../serve/support/certificates.ts";

const quick = { backoff: { initial: 20, max: 100 } };

function echo(port: number): Promise<Server> {
  return serve({ port, accepts: "text" }, async (ws) => {
    for await (const message of ws) ws.send(`echo ${message}`);
  });
}

function client(url: string, options: ReconnectingOptions<"text"> = {}) {
  const made = reconnecting(url, { accepts: "text", ...quick, ...options });
  onTestFinished(async () => void (await made.close()));
  return made;
}

/** The first state of this phase. */
async function until<Phase extends ReconnectingState["phase"]>(
  states: AsyncIterable<ReconnectingState>,
  phase: Phase,
): Promise<Extract<ReconnectingState, { phase: Phase }>> {
  for await (const state of states)
    if (state.phase === phase) return state as Extract<ReconnectingState, { phase: Phase }>;
  throw new Error(`never ${phase}`);
}

test("a server that restarts on the same port, in good order and killed", async () => {
  let server = await echo(0);
  const { port } = server;
  onTestFinished(async () => void (await server.close()));
  const ws = client(`ws://localhost:${port}/`);
  ws.send("1");
  expect(await ws.receive()).toBe("echo 1");

  await server.close();
  await until(ws.states(), "waiting");
  ws.send("2");
  server = await echo(port);
  expect(await ws.receive()).toBe("echo 2");

  for (const connection of server.connections) void connection.terminate();
  await until(ws.states(), "waiting");
  ws.send("3");
  expect(await ws.receive()).toBe("echo 3");
  const report = await ws.close();
  expect(report).toMatchObject({ cause: "close", connections: 3, unsent: { messages: 0, refused: 0 } });
});

test("a server that is not there yet", async () => {
  const first = await echo(0);
  const { port } = first;
  await first.close();
  const ws = client(`ws://localhost:${port}/`);
  const { last } = await until(ws.states(), "waiting");
  expect(last).toMatchObject({ stage: "handshake", error: { status: 0 } });
  ws.send("hello");
  const server = await echo(port);
  onTestFinished(async () => void (await server.close()));
  expect(await ws.receive()).toBe("echo hello");
});

test("a fresh token for each attempt", async () => {
  const connections: Connection[] = [];
  const server = await serve(
    {
      port: 0,
      upgrade: ({ headers }) =>
        headers.get("authorization") === `Bearer ${connections.length}` ? {} : refuse(401),
    },
    (ws) => {
      connections.push(ws);
      ws.send("hello");
      return ws.closed;
    },
  );
  onTestFinished(async () => void (await server.close()));
  let asked = 0;
  const ws = client(server.url, { headers: async () => ({ authorization: `Bearer ${asked++}` }) });
  expect(await ws.receive()).toBe("hello");
  void connections[0]?.close(1012, "retry-after=0");
  expect(await ws.receive()).toBe("hello");
  asked = 99;
  void connections[1]?.close(1012, "retry-after=0");
  await expect(ws[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: "ERR_HAWSER_GAVE_UP",
    cause: { status: 401 },
  });
});

test("503 with Retry-After is heard", async () => {
  const server = await serve(
    { port: 0, upgrade: () => refuse(503, "busy", { "Retry-After": "7" }) },
    () => {},
  );
  onTestFinished(async () => void (await server.close()));
  const { delay, last } = await until(client(server.url).states(), "waiting");
  expect(last.error).toMatchObject({ status: 503, body: expect.stringContaining("busy") });
  expect(delay).toBeGreaterThanOrEqual(7000);
  expect(delay).toBeLessThan(7100);
});

test("a certificate that is not trusted may be another one later", async () => {
  const server = await serve({ port: 0, tls: certificateFor("localhost") }, () => {});
  onTestFinished(async () => void (await server.close()));
  const { last } = await until(client(server.url).states(), "waiting");
  expect(last.error).toMatchObject({ status: 0, cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });
});

test("the signal ends a connection that is open", async () => {
  const server = await echo(0);
  onTestFinished(async () => void (await server.close()));
  const controller = new AbortController();
  const ws = client(server.url, { signal: controller.signal });
  await until(ws.states(), "open");
  controller.abort();
  expect(await ws.closed).toMatchObject({ cause: "signal", last: { report: { cause: "terminated" } } });
});

test("a process that has nothing else to do stays alive while it waits, and ends when all is over", async () => {
  const server = await echo(0);
  const { port } = server;
  await server.close();
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const source = new URL("../../../src/client/reconnecting/reconnecting.ts", import.meta.url).href;
  const program = `
    const { reconnecting } = await import(${JSON.stringify(source)});
    const ws = reconnecting("ws://localhost:${port}/", { attempts: 3, backoff: { initial: 100 } });
    void ws.closed.then(({ cause, attempts }) => console.log(cause, attempts));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", tsx, "--input-type=module", "--eval", program],
    { cwd: fileURLToPath(new URL(".", import.meta.url)) },
  );
  expect(stdout).toBe("attempts 3\n");
});
