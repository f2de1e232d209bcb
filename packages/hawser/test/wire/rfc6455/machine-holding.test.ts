// "Enough for now": holding, resuming, and calling back into the machine from inside its events.
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import {
  expectEnd,
  expectFailed,
  expectFrames,
  expectMessages,
  expectUndisturbed,
} from "../../support/expectations.ts";
import { plain } from "../../support/frames.ts";
import { Session, type SessionOptions } from "../../support/session.ts";
import { byteByByte, inChunks } from "../../support/splits.ts";

/** A session whose sink has enough after every message. */
function holding(options?: SessionOptions): Session {
  const session = new Session(options);
  session.sink.onMessage = () => false;
  session.sink.onFragment = () => false;
  return session;
}

/** Text frames of one letter each, in one piece. */
const letters = (session: Session, text: string) =>
  Buffer.concat(text.split("").map((letter) => session.peer.text(letter)));

const expectLetters = (session: Session, text: string) => expectMessages(session, ...text.split(""));

describe.each(["server", "client"] as const)("holding, as a %s", (role) => {
  test("keeps the rest of the chunk until resume, message by message", () => {
    const session = holding({ role }).receive(letters(new Session({ role }), "abc"));
    expect(session.wire.held).toBe(true);
    expectMessages(session, "a");
    session.resume();
    expect(session.wire.held).toBe(true);
    expectMessages(session, "a", "b");
    session.resume();
    expectMessages(session, "a", "b", "c");
    session.resume();
    expect(session.wire.held).toBe(false);
    expectUndisturbed(session);
  });

  test("keeps chunks that come all the same, in order, cut anywhere", () => {
    const input = letters(new Session({ role }), "abcdef");
    const session = holding({ role }).receive(...byteByByte(input));
    expectMessages(session, "a");
    for (let count = 2; count <= 6; count += 1) {
      session.resume();
      expect(session.messages).toHaveLength(count);
    }
    expectLetters(session, "abcdef");
  });

  test("resume on a machine that is not held does nothing", () => {
    const session = new Session({ role }).resume();
    expect(session.sink.events).toEqual([]);
  });

  test("goes on to the end once the sink has room again", () => {
    const session = holding({ role });
    session.receive(letters(session, "ab"), letters(session, "cd"), letters(session, "e"));
    session.sink.onMessage = () => true;
    session.resume();
    expectLetters(session, "abcde");
    expect(session.wire.held).toBe(false);
    session.receive(letters(session, "f"));
    expectLetters(session, "abcdef");
  });

  test("a ping behind a held message is answered after it", () => {
    const session = holding({ role });
    session.receive(letters(session, "a"), session.peer.ping("p"), letters(session, "b"));
    expectUndisturbed(session);
    session.resume();
    expectFrames(session, plain.pong("p"));
    expectMessages(session, "a", "b");
  });

  test("holds inside a frame that is streamed", () => {
    const session = holding({ role });
    session.wire.streaming = true;
    const frame = session.peer.binary(bytes`01 02 03 04`);
    session.receive(frame.subarray(0, -2));
    expect(session.wire.held).toBe(true);
    session.receive(frame.subarray(-2), session.peer.ping());
    session.resume();
    expect(session.sink.of("fragment").map((event) => [...event.bytes])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(session.sink.of("ping")).toHaveLength(0);
  });

  test("a violation that waits behind a message shows on resume", () => {
    const session = holding({ role });
    session.receive(letters(session, "a"), session.peer.frame({ opcode: 3 }), letters(session, "b"));
    expectUndisturbed(session);
    session.resume();
    expectMessages(session, "a");
    expectFailed(session, 1002, "reserved-opcode");
  });

  test("the peer's Close is read behind what it sent before", () => {
    const session = holding({ role });
    session.receive(letters(session, "ab"), session.peer.close(1000));
    session.resume();
    expectUndisturbed(session);
    session.resume();
    expectMessages(session, "a", "b");
    expectFrames(session, plain.close(1000));
  });
});

describe("the transport ends while held", () => {
  test("all that came is delivered, though the sink has enough", () => {
    const session = holding();
    session.receive(letters(session, "ab"), letters(session, "c"));
    session.end();
    expectLetters(session, "abc");
    expectEnd(session, { code: 1006, cause: "lost" });
  });

  test("a Close among it makes a clean end, and is answered", () => {
    const session = holding();
    session.receive(letters(session, "ab"), session.peer.close(3000, "bye"), letters(session, "c"));
    session.end();
    expectLetters(session, "ab");
    expectFrames(session, plain.close(3000, "bye"));
    expectEnd(session, { code: 3000, reason: "bye", clean: true, cause: "close", initiator: "peer" });
  });

  test("a violation among it is reported", () => {
    const session = holding();
    session.receive(letters(session, "a"), session.peer.frame({ opcode: 3 }), letters(session, "c"));
    session.end();
    expectMessages(session, "a");
    expectEnd(session, { code: 1002, cause: "protocol" });
  });
});

describe("our own end while held", () => {
  test("close() drops what was held and reads on for the peer's Close", () => {
    const session = holding();
    session.receive(letters(session, "abc"), session.peer.ping(), session.peer.close(1000));
    session.close(1000);
    expect(session.wire.held).toBe(false);
    expectMessages(session, "a");
    expectFrames(session, plain.close(1000));
    expectEnd(session.end(), { clean: true, code: 1000, initiator: "local" });
  });

  test("resume after close does nothing", () => {
    const session = holding();
    session.receive(letters(session, "ab"));
    session.close(1000).resume();
    expectMessages(session, "a");
    expect(session.wire).toMatchObject({ held: false, phase: "closing" });
  });

  test("fail() drops what was held", () => {
    const session = holding();
    session.receive(letters(session, "ab"));
    session.wire.fail(1011, "broken", session.now);
    expect(session.wire.held).toBe(false);
    session.resume();
    expectMessages(session, "a");
    expectFailed(session, 1011);
  });
});

describe("from inside message()", () => {
  /** Runs something at the message "x", with chunks waiting that are cut inside frames. */
  function atX(act: (session: Session) => boolean, chunkSize = 10): Session {
    const session = holding();
    const input = [letters(session, "axbc"), session.peer.ping("p"), session.peer.close(3000)];
    session.receive(...inChunks(Buffer.concat(input), chunkSize));
    session.sink.onMessage = (data) => (data === "x" ? act(session) : true);
    return session.resume();
  }

  test.each([
    [1, true],
    [1, false],
    [10, true],
    [10, false],
    [1000, true],
  ])("close(), with chunks of %i bytes waiting: the peer's Close is found behind them (%s)", (size, goOn) => {
    const session = atX(({ wire, now }) => {
      wire.close(1000, "", now);
      return goOn;
    }, size);
    expectMessages(session, "a", "x");
    expectFrames(session, plain.close(1000));
    expectEnd(session.end(), { clean: true, code: 3000, cause: "close", error: undefined });
  });

  test("close(), with more in the same chunk", () => {
    const session = new Session();
    session.sink.onMessage = () => {
      session.close(1000);
      return true;
    };
    session.receive(Buffer.concat([letters(session, "ab"), session.peer.close(1000)]));
    expectMessages(session, "a");
    expectEnd(session.end(), { clean: true, initiator: "local" });
  });

  test("fail()", () => {
    const session = atX(({ wire, now }) => {
      wire.fail(1011, "broken", now);
      return true;
    });
    expectMessages(session, "a", "x");
    expectFrames(session, plain.close(1011, "broken"));
    expectFailed(session, 1011);
  });

  test("the transport dropped (terminate)", () => {
    const session = atX(({ wire, now }) => {
      wire.receiveEnd(now);
      return true;
    });
    expectMessages(session, "a", "x");
    expectEnd(session, { code: 1006, cause: "lost" });
  });

  test("the transport dropped, while the end of the transport is handled", () => {
    const session = holding();
    session.receive(letters(session, "axbc"));
    session.sink.onMessage = (data) => {
      if (data === "x") session.end();
      return true;
    };
    session.end();
    expectMessages(session, "a", "x");
    expectEnd(session, { code: 1006, cause: "lost" });
  });

  test("resume() is too early to mean anything", () => {
    const session = atX((at) => {
      at.resume();
      return false;
    });
    expectMessages(session, "a", "x");
    expect(session.wire.held).toBe(true);
    session.resume();
    expectLetters(session, "axbc");
  });

  test("close() from inside ping(), with chunks waiting", () => {
    const session = holding();
    session.receive(
      letters(session, "a"),
      ...inChunks(Buffer.concat([session.peer.ping(), letters(session, "bc")]), 10),
    );
    session.receive(session.peer.close(1000));
    session.sink.onPing = () => void session.close(1000);
    session.resume();
    expectMessages(session, "a");
    expectEnd(session.end(), { clean: true, error: undefined });
  });
});
