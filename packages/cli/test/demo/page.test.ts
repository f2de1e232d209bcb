// The demo's page as HTTP has it: which files there are, and under which rules.
import type { Server } from "hawser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemo } from "../../src/demo/demo.ts";

let server: Server;
let url: string;

beforeAll(async () => {
  server = await startDemo({ host: "127.0.0.1", port: 0 });
  url = server.url.replace(/^ws/, "http");
});

afterAll(() => server.close());

test.each([
  ["/", "text/html; charset=utf-8", "<!doctype html>"],
  ["/?from=here", "text/html; charset=utf-8", "<!doctype html>"],
  ["/page.css", "text/css; charset=utf-8", ":root"],
  ["/page.mjs", "text/javascript; charset=utf-8", "// The demo's page"],
  ["/icon.svg", "image/svg+xml", "<svg"],
])("%s is there, as what it is", async (path, type, begin) => {
  const response = await fetch(`${url}${path}`);
  const body = await response.text();
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(type);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(body.startsWith(begin)).toBe(true);

  const head = await fetch(`${url}${path}`, { method: "HEAD" });
  expect(head.status).toBe(200);
  expect(head.headers.get("content-length")).toBe(`${Buffer.byteLength(body)}`);
  expect(await head.text()).toBe("");
});

test("the page may load, run and reach only what is its server's own", async () => {
  const { headers } = await fetch(url);
  const policy = headers.get("content-security-policy")?.split("; ");
  expect(policy).toContain("default-src 'none'");
  for (const rule of policy ?? []) expect(rule).toMatch(/^[a-z-]+ '(none|self)'$/);
});

test.each([
  "/page/index.html",
  "/page.js",
  "/favicon.ico",
  "/echo",
  "//",
  "/..%2f..%2fpackage.json",
  "/constructor",
])("%s is not there", async (path) => {
  const response = await fetch(`${url}${path}`);
  expect(response.status).toBe(404);
  expect(await response.text()).toMatch(/no such page/);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s is not answered", async (method) => {
  const response = await fetch(url, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET, HEAD");
});
