// Hostile compression at servers, Z1 to Z20: what is offered, what comes compressed, and what it costs the others.
import { Buffer } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type CloseReport, testPair } from "hawser";
import { describe, expect, test } from "vitest";
import { eventually, Guard, reportOf } from "../serve/support/guard.ts";
import type { Peer } from "../serve/support/peer.ts";
import { requestFor } from "../serve/support/requests.ts";
import { type HostOptions, ways } from "../serve/support/ways-in.ts";
import { deflated, inflated } from "../support/deflate.ts";
import { comparable } from "../support/expectations.ts";
import { masked } from "../support/frames.ts";
import { byteByByte, cutAt } from "../support/splits.ts";
import { compressionRows, MAX_MESSAGE } from "./compression-rows.ts";

const guard = new Guard();
const rsv1 = { rsv: 0x40 } as const;
const takeover = { contextTakeover: true, windowBits: 12 };

const offering = (...extensions: string[]) => requestFor("/", { "Sec-WebSocket-Extensions": extensions });
const OFFER = offering("permessage-deflate; client_max_window_bits");

/** What a test needs to know of a message: of a large one its size. */
const shown = (message: string | Uint8Array) =>
  message.length > 100_000 ? `${message.length}` : comparable(message);

/** A host that writes down what it gets. */
async function listening(options: HostOptions = {}) {
  const messages: string[] = [];
  const host = await guard.host(ways.serve, {
    compression: true,
    limits: { message: MAX_MESSAGE },
    handler: {
      message(_ws, message) {
        messages.push(shown(message));
      },
    },
    ...options,
  });
  const open = async (): Promise<Peer> => {
    const peer = await guard.peer(host.target, OFFER);
    await peer.opened();
    return peer;
  };
  return { host, messages, open };
}

describe("compressed messages", () => {
  const run = async (
    pieces: readonly Uint8Array[],
    compression: HostOptions["compression"],
    closes: boolean,
  ) => {
    const { host, messages, open } = await listening({ compression });
    const peer = await open();
    for (const piece of pieces) {
      peer.write(piece);
      await nextTurn();
    }
    if (closes) peer.write(masked.close(1000));
    const code = await peer.closeCode();
    await peer.hangUp();
    return { code, messages, report: await reportOf(host) };
  };

  test.each(compressionRows)("$title", async ({ input, messages, code, takeover: keeps }) => {
    const whole = Buffer.concat(input(masked));
    const cuts = [[whole], input(masked), cutAt(whole, [1]), cutAt(whole, [whole.length - 1])];
    if (whole.length < 200) cuts.push(byteByByte(whole));
    for (const pieces of cuts) {
      const outcome = await run(pieces, keeps === true ? takeover : true, code === undefined);
      expect(outcome.messages).toEqual(messages.map(shown));
      expect(outcome.code).toBe(code ?? 1000);
      expect(outcome.report).toMatchObject({ code: code ?? 1000, clean: code === undefined });
    }
  });
});

describe("offers", () => {
  const answered = async (...extensions: string[]) => {
    const host = await guard.host(ways.serve, { compression: takeover });
    const peer = await guard.peer(host.target, offering(...extensions));
    const { headers } = await peer.opened();
    await peer.echo("it works");
    return headers["sec-websocket-extensions"];
  };

  test.each([
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=08",
    "server_max_window_bits",
  ])("Z10: %s is declined: 101 without the extension", async (parameter) => {
    expect(await answered(`permessage-deflate; ${parameter}`)).toBeUndefined();
  });

  test("Z11: server_max_window_bits=8 is accepted, and kept to", async () => {
    const host = await guard.host(ways.serve, { compression: { ...takeover, threshold: 1 } });
    const peer = await guard.peer(host.target, offering("permessage-deflate; server_max_window_bits=8"));
    expect((await peer.opened()).headers["sec-websocket-extensions"]).toContain("server_max_window_bits=8");
    const text = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(30);
    peer.write(masked.text(text));
    const [frame] = await peer.frames();
    expect(inflated(frame!.payload).toString()).toBe(text);
  });

  test.each(["client_max_window_bits=", "client_max_window_bits=;", "=", ";;", "client_max_window_bits=1 0"])(
    "Z12: %s is a mistake of syntax: 400",
    async (parameter) => {
      const host = await guard.host(ways.serve, { compression: true });
      const peer = await guard.peer(host.target, offering(`permessage-deflate; ${parameter}`));
      expect((await peer.answer()).status).toBe(400);
    },
  );

  test.each([
    "client_no_context_takeover; client_no_context_takeover",
    "client_max_window_bits=10; client_max_window_bits=11",
    "mystery",
    "mystery=1",
    "server_no_context_takeover=1",
    "client_no_context_takeover=0",
    'client_max_window_bits="16"',
  ])("Z13: %s is declined", async (parameters) => {
    expect(await answered(`permessage-deflate; ${parameters}`)).toBeUndefined();
  });

  test("Z14: a good offer behind a bad one is used, in one line or in two", async () => {
    const expected = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=9";
    const [bad, good] = ["permessage-deflate; mystery", "permessage-deflate; client_max_window_bits=9"];
    expect(await answered(`${bad}, ${good}`)).toBe(expected);
    expect(await answered(bad, good)).toBe(expected);
    expect(await answered(good, bad)).toBe(expected);
  });

  test("Z14: a thousand bad offers are looked at once each", async () => {
    const bad = Array.from({ length: 300 }, (_, index) => `permessage-deflate; m${index}`).join(", ");
    expect(await answered(bad)).toBeUndefined();
  });
});

describe("what it costs the others", () => {
  /** A message that inflates to almost the limit, in one kilobyte. */
  const small = masked.binary(deflated(Buffer.alloc(MAX_MESSAGE - 1)), rsv1);

  test("Z2: many connections that send bombs do not keep the loop from turning", async () => {
    const { messages, open } = await listening();
    const peers = await Promise.all(Array.from({ length: 10 }, open));
    const each = 5;
    for (const peer of peers) peer.write(...Array.from({ length: each }, () => small));
    let turns = 0;
    await eventually(() => {
      turns += 1;
      return messages.length === peers.length * each;
    }, "all messages");
    // Fifty megabytes, of which no turn of the loop inflates more than a quarter of one.
    expect(turns).toBeGreaterThan(25);
  });

  test("Z2: a flood of small compressed messages is done in turns", async () => {
    const { messages, open } = await listening();
    const peer = await open();
    const one = masked.text(deflated("x".repeat(2000)), rsv1);
    peer.write(Buffer.concat(Array.from({ length: 2000 }, () => one)));
    let turns = 0;
    await eventually(() => {
      turns += 1;
      return messages.length === 2000;
    }, "all messages");
    expect(turns).toBeGreaterThan(15);
  });

  test("Z2: others are answered while bombs are inflated", async () => {
    const { host, messages, open } = await listening();
    const bomber = await open();
    for (let count = 0; count < 20; count += 1) bomber.write(small);
    const innocent = await guard.peer(host.target, requestFor("/witness"));
    await innocent.opened();
    for (let count = 0; count < 5; count += 1) await innocent.echo(`${count}`);
    await eventually(() => messages.length === 20, "all messages");
  });

  test("Z17: a message of nothing but empty blocks, as long as one may be, is soon done", async () => {
    const { messages, open } = await listening();
    const peer = await open();
    const blocks = Buffer.alloc(5 * 200_000);
    for (let at = 0; at < blocks.length; at += 5) blocks.writeUInt16BE(0xffff, at + 3);
    peer.write(masked.text(Buffer.concat([blocks, deflated("end")]), rsv1));
    await eventually(() => messages.length === 1, "the message");
    expect(messages).toEqual(["text end"]);
  });

  test("Z19: a peer that goes while its message is inflated leaves nothing behind", async () => {
    const { host, open } = await listening({ handler: { message: (ws) => void ws.terminate() } });
    const peers = await Promise.all(Array.from({ length: 5 }, open));
    for (const [index, peer] of peers.entries()) {
      peer.write(small, small, small);
      if (index % 2 === 0) peer.reset();
    }
    await eventually(() => host.reports.length === peers.length, "the end of all");
  });

  test("Z19: terminate while a message is inflated: none is delivered", async () => {
    const heard: unknown[] = [];
    const { server, client } = testPair({ compression: true });
    const reading = (async () => {
      for (let message = await server.receive(); message !== undefined; message = await server.receive())
        heard.push(message);
    })();
    client.send(new Uint8Array(500_000));
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    const report: CloseReport = await server.terminate();
    await client.terminate();
    await reading;
    expect([heard, report.cause]).toEqual([[], "terminated"]);
  });
});

test("Z20: what is secret can be kept apart from what an attacker chooses, message by message", async () => {
  const host = await guard.host(ways.serve, {
    compression: { ...takeover, threshold: 1 },
    handler: {
      open(ws) {
        ws.send("token=0123456789abcdef", { compress: false });
        ws.send("token=0123456789abcdef, guessed");
      },
    },
  });
  const peer = await guard.peer(host.target, OFFER);
  await peer.opened();
  const [first, second] = await peer.frames(2);
  expect(first).toMatchObject({ rsv: 0, payload: Buffer.from("token=0123456789abcdef") });
  // It does not become shorter by what was said before: nothing of that is in the window.
  expect(second?.rsv === 0 || second!.payload.length > 25).toBe(true);
});
