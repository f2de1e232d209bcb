// What our client is put to with servers of old wire versions. The server does what the path says:
//
// - /echo: sends each message back; /fragments: in three fragments, if its library can
// - /ping: sends a ping with what each message holds, and "pong …" when its pong has come, if its library can
// - /bye?code=…&reason=…: closes at the first message, with the code where the version has one
import { Buffer } from "node:buffer";
import {
  type Connection,
  type ConnectOptions,
  connect,
  HandshakeError,
  type Message,
  type WireVersion,
} from "hawser";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { filler } from "../../support/bytes.ts";
import {
  capabilities,
  ENDS,
  expectEnd,
  expectSame,
  expectUnsupported,
  PIECES,
  reported,
  SIZES,
  TEXTS,
  withoutCode,
} from "./expectations.ts";
import { type ServerProgram, startServerProgram } from "./server-program.ts";

const MiB = 1024 * 1024;

/** A version as a server speaks it. What is not said here it does as its draft has it. */
interface Spoken {
  readonly version: WireVersion;
  /** Its answer is not that of the draft. */
  readonly lenient?: true;
  /** Of more pieces than this (and what ends our messages: an empty fragment) it makes no message. */
  readonly pieces?: number;
  /** It speaks whatever subprotocol it is asked for. */
  readonly subprotocol?: true;
  /** When it is to close, it hangs up. */
  readonly hangsUp?: true;
}

/** A kind of server: whether it is there, and what may be asked of it. */
export interface LegacyServer {
  readonly name: string;
  readonly isThere: boolean;
  /** How to get it. */
  readonly install: string;
  readonly command: readonly string[];
  readonly versions: readonly Spoken[];
  /** With what it answers other versions; 0: it hangs up. */
  readonly refused?: readonly (readonly [version: WireVersion, status: number])[];
  readonly can: { readonly fragments: boolean; readonly ping: boolean };
  /** What it answers to a Close, if not the same code. */
  readonly answersWith?: number;
}

/** The suite of one kind of server. */
export function describeLegacyServer(kind: LegacyServer): void {
  const where = kind.isThere ? kind.name : `${kind.name} (missing; ${kind.install})`;
  describe.skipIf(!kind.isThere)(where, () => {
    let server: ServerProgram;
    beforeAll(async () => {
      server = await startServerProgram(kind.command);
    });
    afterAll(() => server?.stop());

    for (const spoken of kind.versions) {
      describe(spoken.version, () => describeVersion(kind, spoken, () => server));
    }
    test.each(kind.refused ?? [])("%s is answered with %i", async (version, status) => {
      const error: unknown = await connect(`${server.url}/echo`, { version }).catch((reason) => reason);
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ status });
    });
  });
}

function describeVersion(kind: LegacyServer, spoken: Spoken, server: () => ServerProgram): void {
  const { version, lenient = false, pieces: most } = spoken;
  const can = capabilities[version];
  const limits = { message: 2 * MiB, sendBuffer: 4 * MiB };

  const open = async (target: string, options?: ConnectOptions): Promise<Connection<Message>> => {
    const ws = await connect(`${server().url}${target}`, { version, lenient, limits, ...options });
    onTestFinished(async () => void (await ws.terminate()));
    return ws;
  };

  let watched = 0;
  /** A connection, and how the server will have seen its end. */
  const openWatched = async (target: string) => {
    watched += 1;
    const id = `${version}-${watched}`;
    const ws = await open(`${target}${target.includes("?") ? "&" : "?"}id=${id}`);
    return { ws, seen: () => server().ended(id) };
  };

  test("says its version, and what it can carry", async () => {
    const ws = await open("/echo");
    expect(ws.version).toBe(reported(version));
    expect(ws.can).toEqual(can);
  });

  if (lenient) {
    test("is refused by a client that is strict", async () => {
      const opening = connect(`${server().url}/echo`, { version });
      await expect(opening).rejects.toBeInstanceOf(HandshakeError);
    });
  }

  if (spoken.subprotocol) {
    test("a subprotocol, agreed on", async () => {
      const ws = await open("/echo", { subprotocols: ["chat"] });
      expect(ws.subprotocol).toBe("chat");
      expect((await open("/echo")).subprotocol).toBe("");
    });
  }

  test.each(TEXTS)("echo of text: %s", async (_what, content) => {
    const ws = await open("/echo");
    ws.send(content);
    expectSame(await ws.receive(), content);
    expect(await ws.close()).toMatchObject({ clean: true, messages: { sent: 1, received: 1 } });
  });

  test("many messages at once, in order", async () => {
    const ws = await open("/echo");
    const messages = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    for (const message of messages) ws.send(message);
    for (const message of messages) expect(await ws.receive()).toBe(message);
  });

  test("binary", async () => {
    const ws = await open("/echo");
    if (!can.binary) return expectUnsupported(version, () => ws.send(filler(1)));
    for (const size of SIZES) {
      ws.send(filler(size));
      expectSame(await ws.receive(), filler(size));
    }
  });

  test("fragments from us", async () => {
    const ws = await open("/echo");
    if (!can.fragments) return expectUnsupported(version, () => ws.sendStream("text", PIECES));
    const texts = PIECES.slice(0, most);
    expect(await ws.sendStream("text", texts)).toBe(true);
    expect(await ws.receive()).toBe(texts.join(""));
    const pieces = [filler(1), filler(70_000), filler(300)].slice(0, most);
    expect(await ws.sendStream("binary", pieces)).toBe(true);
    expectSame(await ws.receive(), Buffer.concat(pieces));
  });

  if (can.fragments && kind.can.fragments) {
    test("fragments from the server", async () => {
      const ws = await open("/fragments");
      // Cut between bytes: in the midst of these letters.
      for (const message of ["滴水之恩当以涌泉相报", "ab", filler(200_000)]) {
        ws.send(message);
        expectSame(await ws.receive(), message);
      }
    });
  }

  test("a ping of ours", async () => {
    const ws = await open("/echo");
    if (!can.ping) return expectUnsupported(version, () => ws.ping());
    expect(await ws.ping("are you there?")).toBeGreaterThanOrEqual(0);
    expect(await ws.ping()).toBeGreaterThanOrEqual(0);
  });

  if (can.ping && kind.can.ping) {
    test("a ping of the server", async () => {
      const ws = await open("/ping");
      ws.send("are you there? 水");
      expect(await ws.receive()).toBe("pong are you there? 水");
    });
  }

  test("we close", async () => {
    const { ws, seen } = await openWatched("/echo");
    if (!can.closeCode) {
      await expectUnsupported(version, () => ws.close(1001));
      await expectUnsupported(version, () => ws.close(1000, "done"));
      expect(await ws.close()).toMatchObject({ ...withoutCode, initiator: "local" });
    } else {
      const code = kind.answersWith ?? 1000;
      expect(await ws.close()).toMatchObject({ code, clean: true, initiator: "local", cause: "close" });
      expect((await seen()).code).toBe(1000);
    }
  });

  test("the server closes", async () => {
    const { ws, seen } = await openWatched("/bye");
    ws.send("now");
    const report = await ws.closed;
    if (spoken.hangsUp) expect(report).toMatchObject({ code: 1006, clean: false, cause: "lost" });
    else expect(report).toMatchObject({ clean: true, initiator: "peer", cause: "close" });
    if (!can.closeCode && !spoken.hangsUp) expect(report).toMatchObject(withoutCode);
    expect(await ws.receive()).toBeUndefined();
    await seen();
  });

  if (!can.closeCode) return;

  test.each(ENDS)("we close with $code", async (end) => {
    const { ws, seen } = await openWatched("/echo");
    const report = await ws.close(end.code, end.reason);
    expect(report).toMatchObject({ clean: true, initiator: "local", cause: "close", sent: end });
    expect(report.code).toBe(kind.answersWith ?? end.code);
    expectEnd(await seen(), end);
  });

  test.each(ENDS)("the server closes with $code", async (end) => {
    const { ws, seen } = await openWatched(`/bye?code=${end.code}&reason=${encodeURIComponent(end.reason)}`);
    ws.send("now");
    const expected = { ...end, clean: true, initiator: "peer", cause: "close", received: end };
    expect(await ws.closed).toMatchObject(expected);
    expect((await seen()).code).toBe(end.code);
  });
}
