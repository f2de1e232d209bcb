// hawser connect --version: the wire versions before RFC 6455, and what is said of what they cannot carry.
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { PassThrough, Writable } from "node:stream";
import { allVersions, testPair, type WireVersion } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectionLink } from "../../src/connect/link.ts";
import { talk } from "../../src/connect/session.ts";
import { giveUpCode, hasBinary, hasPing, versionsIn } from "../../src/connect/wire-version.ts";
import { connectWith, echo, target } from "./support.ts";

/** The drafts 2 and 3 look alike. */
const shown = (version: WireVersion) => (version === "hybi-03" ? "hybi-02" : version);

describe.each(allVersions)("%s", (version) => {
  test("what is said of it is what a connection says", async () => {
    const { client } = testPair({ version });
    expect({ ping: hasPing(version), binary: hasBinary(version) }).toEqual({
      ping: client.can.ping,
      binary: client.can.binary,
    });
    const { sent } = await client.close(giveUpCode(version));
    expect(sent?.code).toBe(!client.can.closeCode ? 1005 : version === "rfc6455" ? 1011 : 1002);
  });
});

// One of each kind: the test of the example for all versions goes through every one.
describe.each(["rfc6455", "hybi-03", "hixie-75"] as const)("%s", (version) => {
  test("lines go there and back, and it is named unless it is today's", async () => {
    const { url } = await target(echo, { versions: [version] });
    const { code, stdout, stderr } = await connectWith("one\nGrüße 🐈\n", "--version", version, url);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "one\nGrüße 🐈\n" });
    const named = version === "rfc6455" ? "" : `, version ${shown(version)}`;
    expect(stderr.split("\n")[0]).toBe(`connected to ${url}${named}`);
  });

  test("--jsonl tells it, with --reconnect too", async () => {
    const { url } = await target(echo, { versions: [version] });
    const running = connectWith('{"text":"x"}\n', "--jsonl", "--reconnect", "--version", version, url);
    const [open, text, closed] = (await running).stdout.split("\n");
    expect(JSON.parse(open ?? "")).toEqual({ open: { url, subprotocol: "", version: shown(version) } });
    expect(text).toBe('{"text":"x"}');
    expect(JSON.parse(closed ?? "").closed).toMatchObject({
      clean: true,
      initiator: "local",
      cause: "close",
    });
  });
});

describe.each(["hixie-76"] as const)("%s carries text alone", (version) => {
  test.each([
    ["bytes", '{"binary":"AA=="}', "carries text only"],
    ["a ping", '{"ping":""}', "has no pings"],
    ["a close code", '{"close":{"code":4000}}', "has no close codes and no reasons"],
  ])("%s in --jsonl: the line is named", async (_name, line, complaint) => {
    const { url, arrival } = await target(undefined, { versions: [version] });
    const running = connectWith(`{"text":"fine"}\n${line}\n`, "--jsonl", "--version", version, url);
    const ws = await arrival();
    expect(await ws.receive()).toBe("fine");
    const { code, stderr } = await running;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `hawser: line 2 of the input: ${version} ${complaint}\n`,
    });
  });

  test("bytes while it connects again", async () => {
    const { url } = await target(undefined, { versions: [version] });
    const words = ["--jsonl", "--reconnect", "--version", version, url];
    const { code, stderr } = await connectWith('{"binary":"AA=="}\n', ...words);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `hawser: line 1 of the input: ${version} carries text only\n`,
    });
  });
});

/** A session from inside, over a pair in memory that speaks hixie-76. */
function sessionOf() {
  const { client, server } = testPair({ version: "hixie-76", server: { limits: { message: 2 ** 26 } } });
  const stdin = new PassThrough();
  let said = "";
  const sink = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        said += chunk.toString();
        done();
      },
    });
  const code = talk(
    connectionLink(client, "ws://test/"),
    { format: "lines", once: false, wait: 0, quiet: true, color: false },
    { stdin, stdout: sink(), stderr: sink(), environment: {}, stopped: new Promise(() => undefined) },
  );
  return { server, stdin, code, said: () => said };
}

test("without fragments a long line goes out whole", async () => {
  const { server, stdin, code } = sessionOf();
  stdin.end(`${"x".repeat(300_000)}\nshort\n`);
  expect(await server.receive()).toHaveLength(300_000);
  expect(await server.receive()).toBe("short");
  expect(await code).toBe(0);
});

test("and one that is too long for that is named", async () => {
  const { server, stdin, code, said } = sessionOf();
  stdin.write("short\n");
  for (let mebibyte = 0; mebibyte < 17; mebibyte += 1) stdin.write("x".repeat(2 ** 20));
  expect(await server.receive()).toBe("short");
  expect(await server.receive()).toBeUndefined();
  expect(await code).toBe(2);
  expect(said()).toBe(
    "hawser: line 2 of the input: longer than 16 MiB, and hixie-76 has no messages in fragments\n",
  );
});

test("a server that does not speak it says what it speaks", async () => {
  const { url } = await target(echo, { versions: ["rfc6455", "hybi-07", "hixie-75"] });
  const { code, stderr } = await connectWith("", "--version", "hybi-08", url);
  expect(code).toBe(3);
  expect(stderr).toMatch(/^hawser: [^\n]*426[^\n]*; it speaks rfc6455, hybi-07: --version <version>\n$/);
});

test("numbers that mean no version are passed over", () => {
  expect(versionsIn("13, 8,7, 99, x, ")).toEqual(["rfc6455", "hybi-08", "hybi-07"]);
  expect(versionsIn("")).toEqual([]);
});

/** In front of a server: takes lines out of the head of its answer. */
function withoutLines(url: string, lines: RegExp): Promise<string> {
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    const server = connectSocket(Number(new URL(url).port), "127.0.0.1");
    for (const socket of [client, server]) sockets.add(socket.on("error", () => undefined));
    client.pipe(server);
    server.once("data", (head: Buffer) => {
      client.write(Buffer.from(head.toString("latin1").replace(lines, ""), "latin1"));
      server.pipe(client);
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  return new Promise((resolve) => {
    relay.once("listening", () => {
      const address = relay.address();
      if (address !== null && typeof address === "object") resolve(`ws://127.0.0.1:${address.port}`);
    });
  });
}

test("--lenient takes an answer that leaves headers out", async () => {
  const { url } = await target(echo, { versions: ["hixie-76"], origins: "any" });
  const lax = await withoutLines(url, /^Sec-WebSocket-(?:Origin|Location): .*\r\n/gm);
  const words = ["-q", "--once", "--version", "hixie-76", lax];
  const strict = await connectWith("hello", ...words);
  expect(strict.code).toBe(3);
  expect(strict.stderr).toMatch(
    /^hawser: the Sec-WebSocket-Origin of the answer must be [^\n]*, and is missing; --lenient lets that pass\n$/,
  );
  expect(await connectWith("hello", "--lenient", ...words)).toEqual({
    code: 0,
    stdout: "hello\n",
    stderr: "",
  });
});
