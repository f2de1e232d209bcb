// What cannot be listened on.
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { describeListenError } from "../src/listen-error.ts";
import { start } from "./support/program.ts";

test("a port in use: one line that names it, no stack, exit 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const program = start(["serve", "--demo", "--port", `${port}`]);
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program.stdout).toBe("");
  expect(program.stderr).toMatch(
    new RegExp(`^hawser: 127\\.0\\.0\\.1:${port} is in use [^\\n]*--port[^\\n]*\\n$`),
  );
  other.close();
});

test("an address that is not of this machine: the same", async () => {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  const program = start(["serve", "--demo", "--port", "0", "--host", "192.0.2.1"]);
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program.stderr).toMatch(/^hawser: [^\n]*192\.0\.2\.1 is no address of this machine[^\n]*--host\n$/);
});

test("the other ways not to listen", () => {
  const words = (code: string, host = "localhost") =>
    describeListenError(Object.assign(new Error("listen failed"), { code }), { host, port: 80 });
  expect(words("EACCES")).toMatch(/^localhost:80 is not for this user.*--port$/);
  expect(words("ENOTFOUND")).toMatch(/no address is known for localhost/);
  expect(words("EWEIRD", "::1")).toBe("[::1]:80 cannot be listened on: listen failed");
  expect(describeListenError(new TypeError("ours"), { host: "::1", port: 80 })).toBeUndefined();
});
