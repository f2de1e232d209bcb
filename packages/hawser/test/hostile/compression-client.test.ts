// Hostile compression at clients, Z1 to Z19 with K4, K5 and Z18: what a server may answer, and what it may send.
import { Buffer } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../serve/support/guard.ts";
import { deflated, inflated } from "../support/deflate.ts";
import { comparable } from "../support/expectations.ts";
import { plain } from "../support/frames.ts";
import { byteByByte, cutAt } from "../support/splits.ts";
import { type AnyOptions, ClientGuard } from "./client-guard.ts";
import { compressionRows, MAX_MESSAGE } from "./compression-rows.ts";

const guard = new ClientGuard();
const rsv1 = { rsv: 0x40 } as const;
const takeover = { contextTakeover: true, windowBits: 12 };
const alone = "permessage-deflate; server_no_context_takeover";
const answering = (value: string | readonly string[]) => ({ headers: { "Sec-WebSocket-Extensions": value } });

/** What a test needs to know of a message: of a large one its size. */
const shown = (message: string | Uint8Array) =>
  message.length > 100_000 ? `${message.length}` : comparable(message);

/** Both ends of a connection with compression. */
async function meeting(options: AnyOptions = {}, answer = alone) {
  const server = await guard.server();
  const opening = guard.open(server, { compression: true, limits: { message: MAX_MESSAGE }, ...options });
  const caller = await server.callers.take();
  await caller.accept(answering(answer));
  const ws = await opening;
  const messages: string[] = [];
  const reading = (async () => {
    for (let message = await ws.receive(); message !== undefined; message = await ws.receive())
      messages.push(shown(message));
  })();
  return { ws, caller, messages, reading };
}

describe("compressed messages", () => {
  const run = async (pieces: readonly Uint8Array[], keeps: boolean, closes: boolean) => {
    const answer = keeps ? "permessage-deflate; server_max_window_bits=12" : alone;
    const { ws, caller, messages, reading } = await meeting(keeps ? { compression: takeover } : {}, answer);
    for (const piece of pieces) await caller.send(piece);
    if (closes) caller.write(plain.close(1000));
    const frames = await caller.framesToClose();
    caller.socket.destroy();
    const report = await ws.closed;
    await reading;
    const codes = frames.filter(({ opcode }) => opcode === 8).map(({ payload }) => payload.readUInt16BE(0));
    return { codes, messages, report };
  };

  test.each(compressionRows)("$title", async ({ input, messages, code, takeover: keeps = false }) => {
    const whole = Buffer.concat(input(plain));
    const cuts = [[whole], input(plain), cutAt(whole, [1]), cutAt(whole, [whole.length - 1])];
    if (whole.length < 200) cuts.push(byteByByte(whole));
    for (const pieces of cuts) {
      const outcome = await run(pieces, keeps, code === undefined);
      expect(outcome.messages).toEqual(messages.map(shown));
      expect(outcome.codes).toEqual([code ?? 1000]);
      expect(outcome.report).toMatchObject({ code: code ?? 1000, clean: code === undefined });
    }
  });
});

describe("answers", () => {
  const failure = async (value: string | readonly string[], options: AnyOptions = {}) => {
    const server = await guard.server((caller) => caller.accept(answering(value)));
    const error = await guard.failure(server, { compression: true, ...options });
    expect(error.status).toBe(101);
    return error;
  };

  test.each([
    ["another extension beside", `${alone}, x-other`, /"x-other", which was not offered/],
    ["twice", [alone, alone], /twice/],
    ["an unknown parameter", `${alone}; x=1`, /no parameter "x"/],
    ["a parameter twice", `${alone}; server_no_context_takeover`, /twice/],
    ["a value where there is none", "permessage-deflate; server_no_context_takeover=1", /a value where/],
    ["without what was asked for", "permessage-deflate", /lacks server_no_context_takeover/],
    ["in other letters", "Permessage-Deflate; server_no_context_takeover", /was not offered/],
  ])("K4: %s fails the handshake", async (_what, value, message) => {
    expect((await failure(value)).message).toMatch(message);
  });

  test.each(["7", "16", "08", "1e1", "", '""', "99999999999999999999", "-1", "0x9", "9.0"])(
    "K5: server_max_window_bits=%s fails the handshake",
    async (bits) => {
      const error = await failure(`${alone}; server_max_window_bits=${bits}`);
      expect(error.message).toMatch(
        /window bits out of range|Sec-WebSocket-Extensions of the answer is malformed/,
      );
    },
  );

  test("K5: a larger window than was asked for, or none named, fails the handshake", async () => {
    for (const answer of ["server_max_window_bits=13", "client_max_window_bits=12"]) {
      const error = await failure(`permessage-deflate; ${answer}`, { compression: takeover });
      expect(error.rule).toBe("RFC 7692 §7.1");
    }
  });

  test.each([
    ["client_max_window_bits", {}, /no value for client_max_window_bits/],
    ["client_max_window_bits=7", {}, /out of range/],
    ["client_max_window_bits=16", { compression: takeover }, /out of range/],
  ])("Z18: %s fails the handshake", async (parameter, options, message) => {
    expect((await failure(`${alone}; ${parameter}`, options)).message).toMatch(message);
  });

  test.each([
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "permessage-deflate; client_max_window_bits=8; server_no_context_takeover; server_max_window_bits=8",
    'permessage-deflate; server_no_context_takeover; client_max_window_bits="10"',
    "",
  ])("what is right is taken: %s", async (answer) => {
    const server = await guard.server();
    const opening = guard.open(server, { compression: { threshold: 1 } });
    const caller = await server.callers.take();
    await caller.accept(answer === "" ? {} : answering(answer));
    const ws = await opening;
    const text = "0123456789".repeat(100);
    ws.send(text);
    const frame = await caller.frame();
    expect(frame?.rsv).toBe(answer === "" ? 0 : 0x40);
    expect((answer === "" ? frame!.payload : inflated(frame!.payload)).toString()).toBe(text);
  });
});

describe("what it costs the others", () => {
  const small = plain.binary(deflated(Buffer.alloc(MAX_MESSAGE - 1)), rsv1);

  test("Z2: bombs on many connections do not keep the loop from turning", async () => {
    const met = await Promise.all(Array.from({ length: 10 }, () => meeting()));
    for (const { caller } of met) caller.write(...Array.from({ length: 5 }, () => small));
    let turns = 0;
    await eventually(() => {
      turns += 1;
      return met.every(({ messages }) => messages.length === 5);
    }, "all messages");
    expect(turns).toBeGreaterThan(25);
  });

  test("Z19: a server that goes while its messages are inflated: what came is delivered, up to one message's worth", async () => {
    const { ws, caller, messages, reading } = await meeting();
    caller.write(small, small, small);
    await eventually(() => messages.length > 0, "the first");
    caller.reset();
    expect(await ws.closed).toMatchObject({ code: 1006 });
    await reading;
    expect(messages.length).toBeLessThanOrEqual(3);
  });

  test("Z19: terminate while a message is inflated", async () => {
    const { ws, caller, messages, reading } = await meeting();
    caller.write(small, small);
    await nextTurn();
    expect(await ws.terminate()).toMatchObject({ cause: "terminated" });
    await reading;
    expect(messages.length).toBeLessThanOrEqual(1);
  });
});
