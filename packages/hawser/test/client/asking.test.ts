// Asking: one request and its answer on a stream that the test holds the other end of.
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { HandshakeError, ManualClock } from "hawser";
import { parseWebSocketUrl, printOffer } from "hawser/handshake";
import { describe, expect, test } from "vitest";
import { ask } from "../../src/client/asking.ts";
import { type ConnectOptions, resolveConnect } from "../../src/client/options.ts";
import { LentReads } from "../../src/transport/lent-reads.ts";
import { answerTo, refusal } from "../support/scripted-server.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
const offer = printOffer({ url: parseWebSocketUrl("ws://localhost/path"), key });

/** A question under way. */
function asking(options: ConnectOptions & { lends?: boolean; signal?: AbortSignal } = {}) {
  const { lends = false, signal = new AbortController().signal, ...rest } = options;
  const clock = new ManualClock();
  let sent = "";
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      sent += chunk.toString("latin1");
      done();
    },
  });
  const reads = lends ? new LentReads() : undefined;
  const answered = ask({ stream, reads }, offer, resolveConnect({ clock, ...rest }), signal);
  // Whoever asks looks later.
  answered.catch(() => undefined);
  return { answered, clock, stream, reads, sent: () => sent };
}

/** How it failed. */
async function failure(answered: Promise<unknown>): Promise<HandshakeError> {
  const error = await answered.then(
    () => expect.fail("it was accepted"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HandshakeError);
  return error as HandshakeError;
}

const turn = () => new Promise(setImmediate);

describe("the request", () => {
  test("goes out as it was printed", async () => {
    const { sent } = asking();
    await turn();
    expect(sent()).toBe(offer.bytes.toString("latin1"));
  });

  test("does not go out once it was given up, and the stream is dropped", async () => {
    const { answered, sent, stream } = asking({ signal: AbortSignal.abort("early") });
    await expect(answered).rejects.toBe("early");
    await turn();
    expect([sent(), stream.destroyed]).toEqual(["", true]);
  });
});

describe("a 101", () => {
  test("is an answer, an agreement, and a transport that goes on", async () => {
    const { answered, stream, clock } = asking({ subprotocols: ["chat"] });
    stream.push(answerTo(key, { headers: { "X-Mine": "yes" } }));
    const { answer, agreement, first, transport } = await answered;
    expect([answer.status, answer.headers.get("x-mine")]).toEqual([101, "yes"]);
    expect([agreement.subprotocol, Buffer.concat(first)]).toEqual(["", Buffer.alloc(0)]);
    expect([stream.destroyed, clock.pending, transport.lends]).toEqual([false, 0, false]);
  });

  test("keeps what came in its chunk, and in the chunks of the same turn, in order", async () => {
    const { answered, stream } = asking();
    stream.push(Buffer.concat([answerTo(key), Buffer.from("a")]));
    stream.push("b");
    stream.push("c");
    expect(Buffer.concat((await answered).first).toString()).toBe("abc");
  });

  test("keeps copies of what is lent", async () => {
    const { answered, reads } = asking({ lends: true });
    const memory = reads?.onread.buffer as Buffer;
    const lend = (text: string) => reads?.onread.callback(memory.write(text, "latin1"), memory);
    const whole = `${answerTo(key).toString("latin1")}first`;
    lend(whole.slice(0, 40));
    lend(whole.slice(40));
    lend(" second");
    memory.fill("x", 0, 1000);
    const { answer, first } = await answered;
    expect(Buffer.concat(first).toString()).toBe("first second");
    expect(answer.headers.get("upgrade")).toBe("websocket");
  });

  test("that is wrong fails, and the stream is dropped", async () => {
    const { answered, stream, clock } = asking();
    stream.push(answerTo(key, { headers: { Upgrade: "h2c" } }));
    expect(await failure(answered)).toMatchObject({ status: 101 });
    expect([stream.destroyed, clock.pending]).toEqual([true, 0]);
  });

  test("is not undone by a signal that aborts later", async () => {
    const controller = new AbortController();
    const { answered, stream } = asking({ signal: controller.signal });
    stream.push(answerTo(key));
    await answered;
    controller.abort("late");
    await turn();
    expect(stream.destroyed).toBe(false);
  });
});

describe("a refusal", () => {
  const busy = refusal(["HTTP/1.1 503 Busy", "Content-Length: 10"], "so far");

  test("waits for its body, a second at the most", async () => {
    const { answered, stream, clock } = asking();
    stream.push(busy);
    await turn();
    expect(clock.next).toBe(1000);
    stream.push(" now");
    expect(await failure(answered)).toMatchObject({ status: 503, body: "so far now" });
    expect([stream.destroyed, clock.pending]).toEqual([true, 0]);
  });

  test("is told without the rest when the second is over", async () => {
    const { answered, stream, clock } = asking();
    stream.push(busy);
    await turn();
    clock.advance(1000);
    expect(await failure(answered)).toMatchObject({ status: 503, body: "so far" });
    // What comes now comes to nobody.
    expect(stream.destroyed).toBe(true);
  });

  test.each(["end", "error"] as const)("is told when the stream is over: %s", async (how) => {
    const { answered, stream } = asking();
    stream.push(busy);
    await turn();
    if (how === "end") stream.push(null);
    else stream.destroy(new Error("cut"));
    expect(await failure(answered)).toMatchObject({ status: 503, body: "so far" });
  });

  test("is told when the attempt runs out of time, and not when the application gives up", async () => {
    const outcomes = [new HandshakeError("time is up", { status: 0 }), new Error("enough")].map(
      async (reason) => {
        const controller = new AbortController();
        const { answered, stream } = asking({ signal: controller.signal });
        stream.push(busy);
        await turn();
        controller.abort(reason);
        return answered.catch((error: unknown) => error);
      },
    );
    expect(await Promise.all(outcomes)).toMatchObject([{ status: 503 }, { message: "enough" }]);
  });

  test("keeps no more than limits.memory of its body", async () => {
    const { answered, stream } = asking({ limits: { memory: 4 } });
    stream.push(busy);
    expect((await failure(answered)).body).toBe("so f");
  });
});

describe("no answer", () => {
  test.each([
    ["the stream ends", (stream: Duplex) => stream.push(null), /^the server hung up before it had answered$/],
    [
      "the stream fails",
      (stream: Duplex) => stream.destroy(new Error("cut")),
      /hung up before it had answered: cut$/,
    ],
    ["the answer is none", (stream: Duplex) => stream.push("hello\r\n"), /^bad response head/],
    ["it is cut", (stream: Duplex) => [stream.push("HTTP/1.1 101"), stream.push(null)], /hung up/],
  ])("when %s", async (_what, happen, message) => {
    const { answered, stream, clock } = asking();
    happen(stream);
    const error = await failure(answered);
    expect([error.status, error.message]).toEqual([0, expect.stringMatching(message)]);
    expect([stream.destroyed, clock.pending]).toEqual([true, 0]);
  });

  test("when the attempt is given up", async () => {
    const controller = new AbortController();
    const { answered, stream } = asking({ signal: controller.signal });
    await turn();
    const late = new HandshakeError("time is up", { status: 0 });
    controller.abort(late);
    await expect(answered).rejects.toBe(late);
    expect(stream.destroyed).toBe(true);
  });
});

test("a stream that cannot be a transport is a TypeError, and dropped", async () => {
  const stream = new Duplex({ objectMode: true, read() {}, write: (_chunk, _encoding, done) => done() });
  const settings = resolveConnect({ clock: new ManualClock() });
  const answered = ask({ stream, reads: undefined }, offer, settings, new AbortController().signal);
  await expect(answered).rejects.toThrow(TypeError);
  expect(stream.destroyed).toBe(true);
});
