// examples/deployment/server.ts, and what its unit and the proxies in front of it say of time.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, defaultTimeouts } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/deployment/server.ts";
import { root } from "../docs/support.ts";

const file = (name: string) => readFileSync(join(root, "examples/deployment", name), "utf8");

test("it says that it leaves, and then does", async () => {
  const { server, leave } = await start(0);
  onTestFinished(async () => void (await server.close()));
  const health = async (path = "/healthz") =>
    (await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { connection: "close" } })).status;
  expect(await health()).toBe(200);
  expect(await health("/")).toBe(404);

  const headers = { "X-Forwarded-For": "203.0.113.9" };
  const client = await connect(server.url, { headers });
  expect(await client.receive()).toBe("you are 203.0.113.9");

  let notice: (() => void) | undefined;
  const left = leave(
    new Promise<void>((resolve) => {
      notice = resolve;
    }),
  );
  expect(await health()).toBe(503);
  const late = await connect(server.url);
  expect(client.phase).toBe("open");
  notice?.();
  for (const each of [client, late]) {
    expect(await each.closed).toMatchObject({ code: 1001, reason: "restarting", clean: true });
  }
  expect(await left).toEqual({ closed: 2, terminated: 0, lost: 0 });
});

describe("times", () => {
  const number = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1]?.replace("_", ""));
  const server = file("server.ts");
  const notice = number(server, /pause\((\d+)\)/);
  const deadline = number(server, /deadline: ([\d_]+)/);

  test("systemd waits for longer than the server takes", () => {
    expect(1000 * number(file("app@.service"), /^TimeoutStopSec=(\d+)$/m)).toBeGreaterThan(notice + deadline);
  });

  test("HAProxy has noticed by then", () => {
    const [, inter, fall] = /check inter (\d)s fall (\d)/.exec(file("haproxy.cfg")) ?? [];
    expect(1000 * Number(inter) * Number(fall)).toBeLessThan(notice);
  });

  test.each([
    ["nginx.conf", /proxy_read_timeout (\d+)s;/],
    ["nginx.conf", /proxy_send_timeout (\d+)s;/],
    ["nginx-stream.conf", /proxy_timeout (\d+)s;/],
    ["haproxy.cfg", /timeout tunnel (\d+)s/],
    ["haproxy-proxy-protocol.cfg", /timeout client (\d+)s/],
    ["haproxy-proxy-protocol.cfg", /timeout server (\d+)s/],
  ])("%s waits for longer than an unanswered ping: %s", (name, pattern) => {
    const { keepalive, pong } = defaultTimeouts;
    expect(1000 * number(file(name), pattern)).toBeGreaterThan(keepalive + pong);
  });
});
