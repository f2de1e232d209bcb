// examples/echo-of-2010.ts: its two ends with each other, and each with the bytes of the drafts.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { start, type VersionOf2010, visit } from "../../../../examples/echo-of-2010.ts";
import { portOf } from "./support.ts";

/** "hello, 2010" and the Close, as the draft of each version lays them out. */
const frames: Readonly<Record<VersionOf2010, { text: Buffer; close: Buffer }>> = {
  "hixie-76": { text: Buffer.from("\0hello, 2010\xff", "latin1"), close: Buffer.of(0xff, 0) },
  "whatwg-2010-08": {
    text: Buffer.from("\xff\0\0\0\0\0\0\0\x0bhello, 2010", "latin1"),
    close: Buffer.alloc(9),
  },
};
const versions = ["hixie-76", "whatwg-2010-08"] as const;

async function serverFor(version: VersionOf2010): Promise<string> {
  const server = await start(version, 0);
  onTestFinished(async () => void (await server.close()));
  return `ws://localhost:${portOf(server.url)}/echo`;
}

/** Reads from a socket as far as it is told to. */
function reader(socket: Socket) {
  const chunks = socket[Symbol.asyncIterator]();
  let came = Buffer.alloc(0);
  return {
    /** So many bytes, or all up to the end of a head. */
    async take(count: number | "head"): Promise<Buffer> {
      for (;;) {
        const end = came.indexOf("\r\n\r\n");
        const length = count !== "head" ? count : end < 0 ? Number.POSITIVE_INFINITY : end + 4;
        if (came.length >= length) {
          const taken = came.subarray(0, length);
          came = came.subarray(length);
          return taken;
        }
        const next = await chunks.next();
        if (next.done === true) throw new Error(`it ended after ${came.toString("latin1")}`);
        came = Buffer.concat([came, next.value]);
      }
    },
  };
}

describe.each(versions)("%s", (version) => {
  const { text, close } = frames[version];

  test("both ends understand each other", async () => {
    const url = await serverFor(version);
    expect(await visit(url, version)).toEqual([
      "origin: http://chat.example",
      `location: ${url}`,
      "answer: hello, 2010",
      "closed by both ends",
    ]);
  });

  test("a page of the server's own may connect, one of somebody else not", async () => {
    const url = await serverFor(version);
    const own = url.replace("ws:", "http:").replace("/echo", "");
    expect((await visit(url, version, own))[0]).toBe(`origin: ${own}`);
    expect(await visit(url, version, "http://evil.example")).toEqual([
      "the server refused with 403 Forbidden",
    ]);
  });

  test("the server answers the request of the draft, and its frames", async () => {
    const socket = connect(portOf(await serverFor(version)), "localhost");
    onTestFinished(() => void socket.destroy());
    const { take } = reader(socket);
    // The keys, the eight bytes and the proof of draft-hixie-thewebsocketprotocol-76 §1.2.
    socket.write(
      [
        "GET /demo HTTP/1.1",
        "Host: example.com",
        "Connection: Upgrade",
        "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00",
        "Upgrade: WebSocket",
        "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
        "Origin: http://example.com",
        "",
        "^n:ds[4U",
      ].join("\r\n"),
    );
    expect((await take("head")).toString().split("\r\n")).toEqual([
      "HTTP/1.1 101 WebSocket Protocol Handshake",
      "Upgrade: WebSocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Origin: http://example.com",
      "Sec-WebSocket-Location: ws://example.com/demo",
      "",
      "",
    ]);
    expect((await take(16)).toString()).toBe("8jKS'y:G*Co,Wxa-");
    socket.write(text);
    expect(await take(text.length)).toEqual(text);
    socket.write(close);
    expect(await take(close.length)).toEqual(close);
    await once(socket, "end");
  });

  test.each([
    ["another origin", /Sec-WebSocket-Origin: .*/, "Sec-WebSocket-Origin: http://other.example"],
    ["another location", /(Sec-WebSocket-Location: ).*/, "$1ws://other.example/echo"],
    ["no location", /Sec-WebSocket-Location: .*\r\n/, ""],
  ])("the client goes no further after an answer with %s", async (_name, found, put) => {
    const port = portOf(await serverFor(version));
    const relay = createServer((client) => {
      const server = connect(port, "localhost");
      client.pipe(server);
      server.once("data", (head: Buffer) => {
        client.write(head.toString("latin1").replace(found, put), "latin1");
        server.pipe(client);
      });
      for (const socket of [client, server]) socket.on("error", () => undefined);
      client.once("close", () => server.destroy());
    }).listen(0, "localhost");
    await once(relay, "listening");
    onTestFinished(() => void relay.close());
    const address = relay.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const [said] = await visit(`ws://localhost:${address.port}/echo`, version);
    expect(said).toMatch(/^the Sec-WebSocket-(?:Origin|Location) of the answer must be ".*", and is /);
  });
});
