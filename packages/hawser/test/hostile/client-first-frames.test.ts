// Frames that come with the answer, K10: none is lost, wherever the bytes are cut and whatever they come through.
import { Buffer } from "node:buffer";
import { connect as netConnect } from "node:net";
import { Duplex } from "node:stream";
import { type AnyConnection, connect, type Message } from "hawser";
import { describe, expect, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { filler } from "../support/bytes.ts";
import { plain, readFrames } from "../support/frames.ts";
import { answerTo } from "../support/scripted-server.ts";
import { byteByByte, cutAt, inChunks } from "../support/splits.ts";
import { type AnyOptions, ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();
const pair = certificateFor("localhost");

/** Everything until the end. */
async function all(ws: AnyConnection): Promise<Message[]> {
  const got: Message[] = [];
  for (let message = await ws.receive(); message !== undefined; message = await ws.receive())
    got.push(message);
  return got;
}

const messages: Message[] = ["滴水", "a", Uint8Array.from(filler(130)), ""];
const frames = Buffer.concat([
  plain.text("滴水"),
  plain.ping("are you there?"),
  plain.text("a"),
  plain.binary(filler(130)),
  plain.text(""),
  plain.close(1000, "that was all"),
]);
const ended = { code: 1000, reason: "that was all", clean: true, initiator: "peer" };

describe.each([
  ["TCP", undefined, {}],
  ["TLS", pair, { tls: { ca: pair.cert } }],
] as const)("over %s", (_name, tls, options) => {
  /** Plays the answer and the frames, cut like this for each client in turn. */
  async function played(cuts: readonly ((whole: Buffer) => Buffer[])[], bytes: Buffer = frames) {
    const server = await guard.server(
      async (caller, nth) => {
        const { key } = await caller.asked();
        for (const piece of cuts[nth]!(Buffer.concat([answerTo(key), bytes])))
          await caller.send(piece, piece.length);
        await caller.framesToClose();
      },
      { tls },
    );
    return server.url("/", "localhost");
  }

  const size = answerTo("x".repeat(24)).length + frames.length;
  const everyCut = Array.from({ length: size - 1 }, (_, at) => (whole: Buffer) => cutAt(whole, [at + 1]));

  test.each([
    ["in one piece", [(whole: Buffer) => [whole]]],
    ["byte by byte", [byteByByte]],
    ["cut in two, everywhere", everyCut],
  ])("K10: an answer with frames and a Close, %s", async (_how, cuts) => {
    const url = await played(cuts);
    for (const [index] of cuts.entries()) {
      const ws = await guard.open(url, options);
      expect([index, await all(ws)]).toEqual([index, messages]);
      expect(await ws.closed).toMatchObject(ended);
    }
  });

  test("K10: nobody asks for the messages until long after", async () => {
    const url = await played([(whole) => [whole]]);
    const ws = await guard.open(url, options);
    expect(await ws.closed).toMatchObject(ended);
    expect(await all(ws)).toEqual(messages);
  });

  test("K10: the answer, more than the inbox holds, and a FIN", async () => {
    const many = Array.from({ length: 3000 }, (_, index) => `message ${index}`);
    const server = await guard.server(
      async (caller) => {
        const { key } = await caller.asked();
        caller.write(answerTo(key), ...many.map((text) => plain.text(text)));
        caller.end();
      },
      { tls },
    );
    const ws = await guard.open(server.url("/", "localhost"), { ...options, limits: { inbox: 1000 } });
    expect(await all(ws)).toEqual(many);
    expect(await ws.closed).toMatchObject({ code: 1006, clean: false, cause: "lost" });
  });

  test("K10: the answer and a frame that is wrong", async () => {
    const url = await played([(whole) => [whole]], plain.text("x", { rsv: 0x40 }));
    const ws = await guard.open(url, options);
    expect(await ws.closed).toMatchObject({ code: 1002, clean: false, cause: "protocol" });
  });
});

/** A stream of the application's that has everything already, in many pieces, and gives it as fast as it can. */
function stocked(piece: number): Duplex {
  let asked = "";
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      asked += chunk.toString("latin1");
      const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(asked)?.[1];
      if (key !== undefined) {
        asked = "";
        for (const bytes of inChunks(Buffer.concat([answerTo(key), frames]), piece)) stream.push(bytes);
      }
      if (key === undefined && readFrames(chunk).some(({ opcode }) => opcode === 8)) stream.push(null);
      done();
    },
  });
  return stream;
}

test.each([1, 7, 100, 129, 200, 1000])(
  "K10: from a stream that gives many chunks of %i bytes in one turn",
  async (piece) => {
    const ws = await connect("ws://anywhere/", { createConnection: () => stocked(piece) });
    expect(await ws.receive()).toBe("滴水");
    expect(await all(ws)).toEqual(messages.slice(1));
    expect(await ws.closed).toMatchObject({ code: 1000, reason: "that was all" });
  },
);

test.each([129, 200])(
  "K10: from TLS over a stream of the application's, in records of %i bytes",
  async (piece) => {
    const server = await guard.server(
      async (caller) => {
        const { key } = await caller.asked();
        const whole = Buffer.concat([answerTo(key), frames]);
        caller.socket.cork();
        for (const bytes of inChunks(whole, piece)) caller.socket.write(bytes);
        caller.socket.uncork();
        await caller.framesToClose();
      },
      { tls: pair },
    );
    const options: AnyOptions = {
      tls: { ca: pair.cert },
      createConnection: ({ port }) => {
        const socket = netConnect(port, "127.0.0.1");
        // Not a Socket to TLS: it reads from a stream in JavaScript.
        const below = new Duplex({
          read: () => void socket.resume(),
          write: (chunk, encoding, done) => void socket.write(chunk, encoding, done),
          final: (done) => void socket.end(done),
          destroy: (error, done) => {
            socket.destroy();
            done(error);
          },
        });
        socket.on("data", (chunk) => below.push(chunk));
        socket.on("end", () => below.push(null));
        socket.on("error", (error) => below.destroy(error));
        return below;
      },
    };
    const ws = await guard.open(server.url("/", "localhost"), options);
    expect(await all(ws)).toEqual(messages);
  },
);
