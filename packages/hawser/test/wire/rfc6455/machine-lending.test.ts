// Memory that is lent: a driver reads all its connections into one piece, and says so with copyUnread.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { expectEnd, expectMessages, expectUndisturbed } from "../../support/expectations.ts";
import type { FrameMaker } from "../../support/frames.ts";
import { Session } from "../../support/session.ts";
import { byteByByte, underEverySplit } from "../../support/splits.ts";

/** Hands in chunks by way of one piece of memory, which is written over as soon as the contract allows it. */
function lend(session: Session, chunks: readonly Buffer[]): void {
  const { wire, now } = session;
  for (const chunk of chunks) {
    const memory = Buffer.from(chunk);
    wire.receive(memory, now);
    // Nothing else is kept of a chunk, so that there is nothing to say.
    if (wire.held) wire.copyUnread();
    memory.fill(0xff);
  }
}

/** All that a peer can send, ended by a Close. */
function conversation(peer: FrameMaker): Buffer {
  return Buffer.concat([
    peer.text("plain"),
    peer.ping("one"),
    peer.text("滴水 \u{1f600}"),
    peer.binary(Buffer.from([1, 2, 3, 4, 5])),
    peer.text("in ", { fin: false }),
    peer.ping("two"),
    peer.more("three "),
    peer.last("pie\u00e7es"),
    peer.pong("three"),
    peer.binary(Buffer.alloc(130, 7)),
    peer.text(""),
    peer.close(3000, "tschüß"),
  ]);
}

describe.each(["server", "client"] as const)("a %s with lent memory", (role) => {
  /** What happens, with a sink that has enough now and then. */
  function happens(chunks: readonly Buffer[], how: { lent: boolean; streaming: boolean; late: boolean }) {
    const session = new Session({ role });
    session.wire.streaming = how.streaming;
    let count = 0;
    const enough = () => {
      count += 1;
      return count % 3 === 0;
    };
    session.sink.onMessage = enough;
    session.sink.onFragment = enough;
    for (const chunk of chunks) {
      if (how.lent) lend(session, [chunk]);
      else session.receive(chunk);
      if (!how.late) session.resume();
    }
    while (session.wire.held) session.resume();
    expect(session.wire.phase).toBe("closing");
    expectEnd(session.end(), { code: 3000, reason: "tschüß", clean: true });
    return session.sink.events;
  }

  test.each([
    ["resumed after each chunk", false],
    ["resumed after the last", true],
  ])("hears the same as with memory of its own, %s", (_, late) => {
    const input = conversation(new Session({ role }).peer);
    underEverySplit(input, (chunks) => {
      const lent = happens(chunks, { lent: true, streaming: false, late });
      expect(lent).toEqual(happens(chunks, { lent: false, streaming: false, late }));
      return lent.filter(({ type }) => type !== "sent");
    });
  });

  test("hears the same where messages come piece by piece", () => {
    const input = conversation(new Session({ role }).peer);
    for (const chunks of [[Buffer.from(input)], byteByByte(input)]) {
      for (const late of [false, true]) {
        expect(happens(chunks, { lent: true, streaming: true, late })).toEqual(
          happens(chunks, { lent: false, streaming: true, late }),
        );
      }
    }
  });

  test("copies again what it has left when more comes while it is held", () => {
    const session = new Session({ role });
    session.sink.onMessage = () => false;
    const { peer } = session;
    lend(session, [Buffer.concat([peer.text("a"), peer.text("b"), peer.text("c")]), peer.text("d")]);
    session.resume();
    lend(session, [peer.text("e")]);
    while (session.wire.held) session.resume();
    expectMessages(session, "a", "b", "c", "d", "e");
  });

  test("has nothing to copy while it is not held, nor once it is over", () => {
    const session = new Session({ role });
    session.wire.copyUnread();
    const text = session.peer.text("hello");
    lend(session, [text.subarray(0, 4)]);
    session.wire.copyUnread();
    lend(session, [text.subarray(4)]);
    expectMessages(session, "hello");
    expectUndisturbed(session);
    session.end();
    session.wire.copyUnread();
    expectEnd(session, { code: 1006 });
  });
});
