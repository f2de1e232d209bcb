// An https: proxy: TLS with the proxy, and for wss: a second one with the destination inside of it.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect } from "hawser";
import { HttpsProxyAgent } from "https-proxy-agent";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import { Authority } from "./support/authority.ts";
import { failureOf, roundTrip, serveEcho } from "./support/connecting.ts";
import { httpProxy } from "./support/http-proxy.ts";

const guard = new Guard();
const authority = new Authority();
const { cert: ca } = authority;
const pairOfProxy = authority.issue("DNS:localhost");
const pairOfTarget = authority.issue("DNS:target.example");
const program = fileURLToPath(new URL("./support/through-proxy.mjs", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-"));
  writeFileSync(join(folder, "ca.pem"), ca);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** In a process that trusts the authority: which are trusted besides `tls.ca` is decided when a process starts. */
async function throughProxy(url: string, proxy: string): Promise<string> {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
  const words = ["--import", "tsx", program, url, proxy];
  const { stdout } = await promisify(execFile)(process.execPath, words, { env });
  return stdout.trim();
}

test("by URL: ws through it, and wss, which is TLS within TLS", async () => {
  const plain = await serveEcho(guard);
  const secure = await serveEcho(guard, { tls: pairOfTarget });
  const { port, heads } = await httpProxy(guard, undefined, pairOfProxy);
  const proxy = `https://localhost:${port}`;
  expect(await throughProxy(`ws://target.example:${plain.port}/`, proxy)).toBe("through");
  expect(await throughProxy(`wss://target.example:${secure.port}/`, proxy)).toBe("through");
  expect(heads).toHaveLength(2);
});

test("by URL: a certificate that is not the destination's", async () => {
  const secure = await serveEcho(guard, { tls: authority.issue("DNS:other.example") });
  const { port } = await httpProxy(guard, undefined, pairOfProxy);
  expect(await throughProxy(`wss://target.example:${secure.port}/`, `https://localhost:${port}`)).toContain(
    `ERR_TLS_CERT_ALTNAME_INVALID: no TLS connection to target.example:${secure.port}`,
  );
});

test("by URL: a certificate that is not the proxy's, but the destination's", async () => {
  const { port } = await httpProxy(guard, undefined, pairOfTarget);
  expect(await throughProxy("wss://target.example/", `https://localhost:${port}`)).toContain(
    `ERR_TLS_CERT_ALTNAME_INVALID: the proxy localhost:${port} gave no tunnel to target.example:443: `,
  );
});

test("by URL: a certificate of nobody's, whatever NODE_TLS_REJECT_UNAUTHORIZED says", async () => {
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  const { port, heads } = await httpProxy(guard, undefined, pairOfProxy);
  const network = { family: 4 } as const;
  // What is trusted of the destination is not trusted of the proxy.
  const options = { proxy: `https://localhost:${port}`, network, tls: { ca, rejectUnauthorized: false } };
  const error = await failureOf(connect("wss://target.example/", options));
  vi.unstubAllEnvs();
  expect(error).toMatchObject({ status: 0, cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
  expect(heads).toEqual([]);
});

test("by https-proxy-agent, for a proxy with a private authority", async () => {
  const plain = await serveEcho(guard);
  const secure = await serveEcho(guard, { tls: pairOfTarget });
  const { port } = await httpProxy(guard, undefined, pairOfProxy);
  const proxy = new HttpsProxyAgent(`https://localhost:${port}`, { ca, family: 4 });
  await roundTrip(`ws://target.example:${plain.port}/`, { proxy });
  await roundTrip(`wss://target.example:${secure.port}/`, { proxy, tls: { ca } });
  const error = await failureOf(connect(`wss://other.example:${secure.port}/`, { proxy, tls: { ca } }));
  expect(error).toMatchObject({ status: 0, cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } });
});
