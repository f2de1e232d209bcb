// What the environment says about certificates, which is read when a process starts: each case in a process of its own.
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Server } from "../../../src/index.ts";
import { serve } from "../../../src/index.ts";
import { certificateFor } from "../../serve/support/certificates.ts";

const root = fileURLToPath(new URL("../../../../..", import.meta.url));
const source = new URL("../../../src/client/whatwg/websocket.ts", import.meta.url).href;
let server: Server;

beforeAll(async () => {
  server = await serve({ port: 0, host: "127.0.0.1", tls: certificateFor("localhost") }, () => undefined);
});
const authority = join(tmpdir(), `hawser-ca-${process.pid}.pem`);
afterAll(async () => {
  rmSync(authority, { force: true });
  await server.close();
});

/** Connects in a process with this environment, and tells what came of it. */
async function outcome(env: Record<string, string>, options = ""): Promise<string> {
  const program = `import { WebSocket } from ${JSON.stringify(source)};
    const ws = new WebSocket("wss://localhost:${server.port}/"${options});
    ws.onopen = () => console.log("open");
    ws.onerror = (event) => console.log(event.cause.cause.code);`;
  const args = ["--import", "tsx", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
  });
  return stdout.trim();
}

test("T8: without a word a private certificate is refused", async () => {
  expect(await outcome({})).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
});

test("NODE_EXTRA_CA_CERTS makes an authority known", async () => {
  writeFileSync(authority, certificateFor("localhost").cert);
  expect(await outcome({ NODE_EXTRA_CA_CERTS: authority })).toBe("open");
});

test("NODE_TLS_REJECT_UNAUTHORIZED=0 turns the check off, unless the program says otherwise", async () => {
  const unchecked = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  expect(await outcome(unchecked)).toBe("open");
  expect(await outcome(unchecked, ", { tls: { rejectUnauthorized: true } }")).toBe(
    "DEPTH_ZERO_SELF_SIGNED_CERT",
  );
});
