// What our servers are put to with clients of old wire versions, all of which are welcome at one port.
import { Buffer } from "node:buffer";
import { allVersions, type WireVersion } from "hawser";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { filler } from "../../support/bytes.ts";
import { type AskedProgram, startAsked } from "../asked-program.ts";
import { type Arrival, type Entrance, entrances } from "../entrances.ts";
import type { PeerSocket } from "../peer.ts";
import { connectRemotely } from "../remote-peer.ts";
import {
  capabilities,
  ENDS,
  expectEnd,
  expectSame,
  expectUnsupported,
  PIECES,
  SIZES,
  TEXTS,
  withoutCode,
} from "./expectations.ts";

/** A kind of client: whether it is there, and what may be asked of it. */
export interface LegacyClient {
  readonly name: string;
  readonly isThere: boolean;
  /** How to get it. */
  readonly install: string;
  readonly command: readonly string[];
  readonly versions: readonly WireVersion[];
  /** What it answers to a Close, if not the same code. */
  readonly answersWith?: number;
}

/** The clients know nothing of TLS. */
const plain = entrances.filter(([name]) => name !== "serve under TLS");

/** The suite of one kind of client. */
export function describeLegacyClient(kind: LegacyClient): void {
  const where = kind.isThere ? kind.name : `${kind.name} (missing; ${kind.install})`;
  describe.skipIf(!kind.isThere)(where, () => {
    let program: AskedProgram;
    beforeAll(() => {
      program = startAsked(kind.command);
    });
    afterAll(() => program?.stop());

    describe.each(plain)("at %s", (name, openEntrance) => {
      let entrance: Entrance;
      beforeAll(async () => {
        entrance = await openEntrance({
          versions: allVersions,
          ambiguous: "hixie-76",
          upgrade: ({ origin, subprotocols: [subprotocol] }) => ({ state: { origin }, subprotocol }),
        });
      });
      afterAll(() => entrance?.close());

      for (const version of kind.versions) {
        /** Both ends of a new connection. */
        const pair = async (subprotocols: readonly string[] = []): Promise<Pair> => {
          const url = `${entrance.url}/`;
          const socket = await connectRemotely(program.ask, url, { version, subprotocols });
          const ws = await entrance.arrival();
          onTestFinished(async () => void (await ws.terminate()));
          return { socket, ws };
        };
        describe(version, () => describeVersion(kind, version, name === "serve", pair));
      }
    });
  });
}

interface Pair {
  readonly socket: PeerSocket;
  readonly ws: Arrival;
}

type Connect = (subprotocols?: readonly string[]) => Promise<Pair>;

/** Our end sends back whatever comes, until the peer has closed. */
async function echo(ws: Arrival): Promise<void> {
  for await (const message of ws) {
    ws.send(message);
    await ws.drain();
  }
}

/** @param large Long messages too. They take their time, and every entrance reads them alike. */
function describeVersion(kind: LegacyClient, version: WireVersion, large: boolean, pair: Connect): void {
  const can = capabilities[version];

  test("is recognised", async () => {
    const { ws } = await pair();
    expect(ws.version).toBe(version);
    expect(ws.can).toEqual(can);
  });

  test("a page and a subprotocol", async () => {
    const { socket, ws } = await pair(["chat"]);
    expect(ws.state).toEqual({ origin: expect.stringMatching(/^http:\/\/[a-z0-9.:]+$/) });
    expect([socket.subprotocol, ws.subprotocol]).toEqual(["chat", "chat"]);
  });

  test.each(large ? TEXTS : TEXTS.slice(0, -1))("echo of text: %s", async (_what, content) => {
    const { socket, ws } = await pair();
    const echoing = echo(ws);
    await socket.send(content);
    expectSame(await socket.receive(), content);
    await socket.close(1000, "done");
    await echoing;
    expect(await ws.closed).toMatchObject({ clean: true, messages: { sent: 1, received: 1 } });
  });

  test("many messages at once, in order, both ways", async () => {
    const { socket, ws } = await pair();
    const messages = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    const echoing = echo(ws);
    await Promise.all(messages.map((message) => socket.send(message)));
    for (const message of messages) expect(await socket.receive()).toBe(message);
    await socket.close(1000, "done");
    await echoing;
  });

  test("binary", async () => {
    const { socket, ws } = await pair();
    if (!can.binary) return expectUnsupported(version, () => ws.send(filler(1)));
    const echoing = echo(ws);
    for (const size of large ? SIZES : SIZES.slice(0, -1)) {
      await socket.send(filler(size));
      expectSame(await socket.receive(), filler(size));
    }
    await socket.close(1000, "done");
    await echoing;
  });

  test("fragments from us", async () => {
    const { socket, ws } = await pair();
    if (!can.fragments) return expectUnsupported(version, () => ws.sendStream("text", PIECES));
    expect(await ws.sendStream("text", PIECES)).toBe(true);
    expect(await socket.receive()).toBe(PIECES.join(""));
    const pieces = [filler(1), filler(70_000), filler(300)];
    expect(await ws.sendStream("binary", pieces)).toBe(true);
    expectSame(await socket.receive(), Buffer.concat(pieces));
  });

  test("a ping of ours", async () => {
    const { ws } = await pair();
    if (!can.ping) return expectUnsupported(version, () => ws.ping());
    expect(await ws.ping("are you there?")).toBeGreaterThanOrEqual(0);
  });

  if (can.fragments) {
    test("fragments from the peer", async () => {
      const { socket, ws } = await pair();
      await socket.sendFragments(PIECES);
      expect(await ws.receive()).toBe(PIECES.join(""));
      const pieces = [filler(1), filler(70_000), filler(300)];
      await socket.sendFragments(pieces);
      expectSame(await ws.receive(), Buffer.concat(pieces));
    });
  }

  if (can.ping) {
    test("a ping of the peer", async () => {
      const { socket } = await pair();
      await socket.ping("are you there?");
    });
  }

  test("the peer drops us", async () => {
    const { socket, ws } = await pair();
    await socket.drop();
    const report = await ws.closed;
    // The oldest version has no Close: the end of the transport stands for it.
    if (version === "hixie-75") expect(report).toMatchObject({ ...withoutCode, initiator: "peer" });
    else expect(report).toMatchObject({ code: 1006, clean: false, initiator: "peer", cause: "lost" });
  });

  if (can.closeCode) describeCodes(kind, pair);
  else describeCodeless(version, pair);
}

function describeCodeless(version: WireVersion, pair: Connect): void {
  test("we close", async () => {
    const { socket, ws } = await pair();
    await expectUnsupported(version, () => ws.close(1001));
    await expectUnsupported(version, () => ws.close(1000, "done"));
    expect(await ws.close()).toMatchObject({ ...withoutCode, initiator: "local" });
    expect(await socket.closed()).toEqual({ code: 1005, reason: "" });
  });

  test("the peer closes", async () => {
    const { socket, ws } = await pair();
    await socket.close();
    expect(await ws.closed).toMatchObject({ ...withoutCode, initiator: "peer" });
    expect(await socket.closed()).toEqual({ code: 1005, reason: "" });
  });
}

function describeCodes(kind: LegacyClient, pair: Connect): void {
  test.each(ENDS)("we close with $code", async (end) => {
    const { socket, ws } = await pair();
    const report = await ws.close(end.code, end.reason);
    expect(report).toMatchObject({ clean: true, initiator: "local", cause: "close", sent: end });
    expect(report.code).toBe(kind.answersWith ?? end.code);
    expectEnd(await socket.closed(), end);
  });

  test.each(ENDS)("the peer closes with $code", async (end) => {
    const { socket, ws } = await pair();
    await socket.close(end.code, end.reason);
    expect(await ws.closed).toMatchObject({ ...end, clean: true, initiator: "peer", received: end });
    expect(await socket.closed()).toMatchObject({ code: end.code });
  });
}
