// run on a client's connection: any session and any handler, in the other role.
import { type CloseReport, type Connection, connect, defineHandler, type Message, run, serve } from "hawser";
import { describe, expect, test } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import { Authority } from "./support/authority.ts";
import { serveEcho } from "./support/connecting.ts";

const guard = new Guard();
const authority = new Authority();

/** Sends three lines of the subprotocol that was agreed on, and closes with 1000. */
async function serveFeed(): Promise<string> {
  const tls = authority.issue("DNS:localhost");
  const server = await serve(
    {
      port: 0,
      host: "127.0.0.1",
      tls,
      upgrade: (request) => ({ subprotocol: request.subprotocols.find((name) => name === "feed.v1") }),
    },
    async (ws) => {
      for (const line of [1, 2, 3]) ws.send(`${ws.subprotocol} ${ws.request.path} ${line}`);
    },
  );
  guard.closing({
    close: () => server.close({ deadline: Number.POSITIVE_INFINITY }),
    busy: () => server.size + server.stats().handshakes,
  });
  return `wss://localhost:${server.port}/feed`;
}

test("the feed of the README: a subprotocol, a signal, a handler, and the report", async () => {
  const seen: unknown[] = [];
  const feed = defineHandler({
    accepts: "text",
    open: (ws) => void seen.push(["open", ws.subprotocol, ws.state]),
    message: (_ws, line) => void seen.push(line.toUpperCase()),
    close: (_ws, report) => void seen.push(["close", report.code]),
  });
  const { signal } = new AbortController();
  const ws = await connect(await serveFeed(), {
    subprotocols: ["feed.v1"],
    signal,
    accepts: "text",
    tls: { ca: authority.cert },
  });
  const report = await run(ws, feed);
  expect(report).toMatchObject({ code: 1000, clean: true, initiator: "peer", messages: { received: 3 } });
  const lines = [1, 2, 3].map((line) => `FEED.V1 /FEED ${line}`);
  expect(seen).toEqual([["open", "feed.v1", undefined], ...lines, ["close", 1000]]);
});

describe("on a client's connection", () => {
  test("a session that returns closes it with 1000", async () => {
    const { port, arrival } = await serveEcho(guard);
    const ws = await connect(`ws://127.0.0.1:${port}/`);
    const report = await run(ws, async (one) => {
      one.send("hello");
      expect(await one.receive()).toBe("hello");
    });
    expect(report).toMatchObject({ code: 1000, clean: true, initiator: "local" });
    expect((await (await arrival()).closed).code).toBe(1000);
  });

  test("one that throws closes it with 1011, and tells onError", async () => {
    const { port, arrival } = await serveEcho(guard);
    const ws = await connect(`ws://127.0.0.1:${port}/`);
    const faults: unknown[] = [];
    const fault = new Error("mine");
    const session = () => {
      throw fault;
    };
    const report = await run(ws, session, { onError: (error) => void faults.push(error) });
    expect(report).toMatchObject({ code: 1011, cause: "fault" });
    expect(faults).toEqual([fault]);
    expect((await (await arrival()).closed).code).toBe(1011);
  });

  test("a handler with the state that connect was given, and the headers in keep", async () => {
    const { port } = await serveEcho(guard);
    const headers = { "X-Tag": "blue", "X-Other": "red" };
    const ws = await connect(`ws://127.0.0.1:${port}/`, { state: { count: 0 }, headers });
    const handler = {
      open: (one: Connection<Message, { count: number }>) => void one.send("x"),
      message(one: Connection<Message, { count: number }>, message: Message) {
        one.state.count += 1;
        if (one.state.count < 5) one.send(`${String(message)}x`);
        else void one.close(1000, String(message));
      },
    };
    const report = await run(ws, handler, { keep: ["x-tag"] });
    expect(report).toMatchObject({ code: 1000, reason: "xxxxx" });
    expect(ws.state).toEqual({ count: 5 });
    expect([ws.request.headers.get("x-tag"), ws.request.headers.get("x-other")]).toEqual(["blue", undefined]);
  });

  test("the same handler at both ends, which take turns", async () => {
    const reports: CloseReport[] = [];
    const rally = defineHandler({
      accepts: "text",
      message(ws, count) {
        if (Number(count) < 100) ws.send(String(Number(count) + 1));
        else void ws.close(4000, count);
      },
      close: (_ws, report) => void reports.push(report),
    });
    const server = await serve({ port: 0, host: "127.0.0.1" }, rally);
    guard.closing({
      close: () => server.close({ deadline: Number.POSITIVE_INFINITY }),
      busy: () => server.size,
    });
    const ws = await connect(server.url, { accepts: "text" });
    ws.send("1");
    expect(await run(ws, rally)).toMatchObject({ code: 4000, reason: "100", clean: true });
    expect(ws.phase).toBe("closed");
    expect(reports.length).toBeGreaterThan(0);
  });
});
