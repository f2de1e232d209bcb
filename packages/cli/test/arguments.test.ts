// The command line: what is understood, what is refused, and where the demo then listens.
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bin, start } from "./support/program.ts";

const run = async (args: readonly string[], environment?: Record<string, string>) => {
  const program = start(args, environment);
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
};

test("the program that npm links is no product of the build: a checkout is installed before it is built", () => {
  const folder = new URL("../", import.meta.url);
  const manifest = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  const linked = fileURLToPath(new URL(manifest.bin.hawser, folder));
  expect(linked).toBe(bin);
  expect(linked).not.toMatch(/\bdist\b/);
  expect(statSync(linked).mode & 0o111).not.toBe(0);
});

test("--version prints the version of the package", async () => {
  expect(await run(["--version"])).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
});

test("--help names the commands, and of a command its flags", async () => {
  const { code, stdout, stderr } = await run(["--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^Usage: hawser .*\bserve\b/s);

  const serve = await run(["serve", "--help"]);
  expect(serve.code).toBe(0);
  for (const flag of [
    "[module]",
    "--demo",
    "--port <number>",
    "--host <address>",
    "8080",
    "127.0.0.1",
    "--workers <count>",
    "not shared between them",
    "--watch",
    "--version <version>",
  ]) {
    expect(serve.stdout).toContain(flag);
  }

  const connect = await run(["connect", "--help"]);
  expect(connect.code).toBe(0);
  for (const flag of [
    "<url>",
    "--header <line>",
    "--jsonl",
    "--binary",
    "--once",
    "--reconnect",
    "--insecure",
    "--version <version>",
    "--lenient",
  ]) {
    expect(connect.stdout).toContain(flag);
  }
});

test("without a command, the help is on stderr", async () => {
  const { code, stdout, stderr } = await run([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^Usage: hawser /);
});

describe("what is wrong is said in one line, and ends with 2", () => {
  test.each<[string, string[], RegExp]>([
    ["nothing to serve", ["serve"], /give a module to serve, as hawser serve \.\/chat\.ts, or --demo/],
    [
      "a flag that is none",
      ["serve", "--demo", "--prot", "1"],
      /unknown option '--prot' \(Did you mean --port\?\)/,
    ],
    ["a command that is none", ["serv"], /unknown command 'serv'/],
    ["one argument too many", ["serve", "here", "there"], /too many arguments/],
    ["a port without a value", ["serve", "--demo", "--port"], /'--port <number>' argument missing/],
    [
      "a port that is no number",
      ["serve", "--demo", "--port", "http"],
      /'http' is invalid. A port is a whole/,
    ],
    ["a port too high", ["serve", "--demo", "--port", "65536"], /from 0 to 65535/],
    ["a port below 0", ["serve", "--demo", "--port=-1"], /from 0 to 65535/],
    ["a port that is a fraction", ["serve", "--demo", "--port", "80.5"], /from 0 to 65535/],
    ["an empty host", ["serve", "--demo", "--host", ""], /A host is an address/],
    ["no URL", ["connect"], /missing required argument 'url'/],
    ["two URLs", ["connect", ":1", ":2"], /too many arguments/],
    ["a header without a colon", ["connect", ":1", "-H", "X-One"], /A header is written as "Name: value"/],
    ["a header without a name", ["connect", ":1", "-H", ": 1"], /A header is written as/],
    [
      "two formats",
      ["connect", ":1", "--jsonl", "--binary"],
      /'--jsonl' cannot be used with option '--binary'/,
    ],
    [
      "--binary that comes back",
      ["connect", ":1", "--binary", "--reconnect"],
      /cannot be used with option '--reconnect'/,
    ],
    ["--cert alone", ["connect", ":1", "--cert", "a"], /--cert and --key need each other/],
    ["a wait that is no time", ["connect", ":1", "--wait", "soon"], /a number of seconds/],
    ["a wait that fits no timer", ["connect", ":1", "--wait", "10000000"], /a number of seconds/],
    ["no time at all for connecting", ["connect", ":1", "--timeout", "0"], /more than 0/],
    ["a size that is none", ["connect", ":1", "--max-message", "16X"], /a number of bytes/],
    ["a size of nothing", ["connect", ":1", "--max-message", "0"], /a number of bytes/],
    [
      "a version that is none",
      ["connect", ":1", "--version", "hixie-77"],
      /'hixie-77' is invalid. Allowed choices are rfc6455, hybi-08, .*, whatwg-2010-08, hixie-76, hixie-75;/,
    ],
    ["no version", ["connect", ":1", "--version"], /'--version <version>' argument missing/],
    [
      "bytes in a version for text",
      ["connect", ":1", "--version", "hixie-76", "--binary"],
      /--binary cannot be used with hixie-76, which carries text only/,
    ],
    [
      "pings in a version without",
      ["connect", ":1", "--version", "whatwg-2010-08", "--ping-interval", "5"],
      /--ping-interval cannot be used with whatwg-2010-08, which has no pings/,
    ],
    ["redirects that are no number", ["connect", ":1", "--redirects", "-1"], /a whole number/],
  ])("%s", async (_name, args, complaint) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(complaint);
    expect(stderr).toMatch(/^hawser: [^\n]*; see hawser (serve |connect )?--help\n$/);
  });

  test.each<[string, string[], RegExp]>([
    ["a URL that is none", ["connect", "ftp://a/"], /"ftp:\/\/a\/" is no WebSocket URL/],
    ["a URL with a fragment", ["connect", ":1/#a"], /fragment/],
    ["a header that is ours", ["connect", ":1", "-H", "Sec-WebSocket-Key: a"], /Sec-WebSocket-Key/i],
    ["a header that breaks the line", ["connect", ":1", "-H", "A: b\r\nC: d"], /header/i],
    ["a subprotocol that is none", ["connect", ":1", "-s", "a b"], /subprotocol/],
    ["a subprotocol twice", ["connect", ":1", "-s", "a", "-s", "a"], /subprotocol/],
    [
      "two subprotocols for one place",
      ["connect", ":1", "--version", "hixie-75", "-s", "a", "-s", "b"],
      /hixie-75/,
    ],
    ["a proxy that is none", ["connect", ":1", "--proxy", "nowhere"], /proxy/],
  ])("what the library finds wrong: %s", async (_name, args, complaint) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(complaint);
    expect(stderr).toMatch(/^hawser: [^\n]*\n$/);
  });

  test("PORT that is no port", async () => {
    const { code, stderr } = await run(["serve", "--demo"], { PORT: "http" });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: [^\n]*value 'http' from env 'PORT' is invalid[^\n]*\n$/);
  });
});

describe("where it listens", () => {
  const portOf = async (args: readonly string[], environment?: Record<string, string>) => {
    const program = start(["serve", "--demo", ...args], environment);
    const [, host, port] = await program.printed(/page +http:\/\/(.*):(\d+)\//);
    program.signal("SIGTERM");
    await program.ended;
    return { host, port: Number(port) };
  };

  test("port 0 takes a free one, on the loopback address", async () => {
    const { host, port } = await portOf(["--port", "0"]);
    expect(host).toBe("127.0.0.1");
    expect(port).toBeGreaterThan(1023);
  });

  test("PORT says which port, and a flag wins over it", async () => {
    const { port } = await portOf([], { PORT: "0" });
    expect(port).not.toBe(8080);
    // What the variable holds is not even looked at then.
    expect(await portOf(["--port", "0"], { PORT: "http" })).toMatchObject({ host: "127.0.0.1" });
  });

  test("--host says which address, IPv6 in brackets", async () => {
    expect(await portOf(["--port", "0", "--host", "127.0.0.2"])).toMatchObject({ host: "127.0.0.2" });
    expect(await portOf(["--port", "0", "--host", "::1"])).toMatchObject({ host: "[::1]" });
  });
});
