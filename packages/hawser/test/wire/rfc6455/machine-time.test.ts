// Time: keepalive, timeouts.message and timeouts.idle, by a clock moved by hand.
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectFailed, expectGivenUp, expectUndisturbed } from "../../support/expectations.ts";
import { Session, type SessionOptions, START } from "../../support/session.ts";

const OFF = Number.POSITIVE_INFINITY;

/** Pings every 1000 ms, patience of 300. */
function alive(options: SessionOptions = {}): Session {
  return new Session({
    jitter: 1,
    ...options,
    timeouts: { keepalive: 1000, pong: 300, ...options.timeouts },
  });
}

/** Nothing runs but what is named. */
function timed(timeouts: SessionOptions["timeouts"]): Session {
  return new Session({ timeouts: { keepalive: OFF, ...timeouts } });
}

const payloads = (session: Session) => session.sent.map(({ payload }) => payload);

/** Text whose end is missing. */
const begun = (session: Session) => session.peer.text("begun").subarray(0, -1);

describe("keepalive", () => {
  test.each([
    [0, 500],
    [0.25, 625],
    [1, 1000],
  ])("jitter %d puts the first ping at %i", (jitter, at) => {
    const session = alive({ jitter });
    expect(session.wire.deadline).toBe(START + at);
    expectUndisturbed(session.advance(at - 1));
    session.advance(1);
    expect(session.sent.map(({ opcode }) => opcode)).toEqual([9]);
  });

  test("a peer that answers is pinged every interval", () => {
    const session = alive().advance(1000);
    for (let count = 1; count <= 3; count += 1) {
      expect(payloads(session)).toHaveLength(count);
      session
        .advance(250)
        .receive(session.peer.pong(payloads(session).at(-1)))
        .advance(750);
    }
    expect(session.sink.of("pong").map(({ sentAt }) => sentAt)).toEqual([
      START + 1000,
      START + 2000,
      START + 3000,
    ]);
  });

  test("a peer that does not is given up with 1011 after timeouts.pong", () => {
    const session = alive().advance(1299);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    const end = expectGivenUp(session);
    expect(end.error).toMatchObject({ limit: "timeouts.pong", closeCode: 1011 });
    session.end().advance(60_000);
    expect(session.sink.of("closed")).toHaveLength(1);
  });

  test.each([
    ["unsolicited pongs", (session: Session) => session.peer.pong()],
    [
      "pongs of another payload (F31)",
      (session: Session) => session.peer.pong(bytes`00 01 02 03 04 05 06 07`),
    ],
    ["pings", (session: Session) => session.peer.ping()],
    ["messages", (session: Session) => session.peer.text("here I am")],
  ])("%s are no answer", (_what, frame) => {
    const session = alive().advance(1000);
    for (let count = 0; count < 2; count += 1) session.advance(140).receive(frame(session));
    session.advance(19);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    expectGivenUp(session);
  });

  test("the pong of a later ping of the application's answers too (§5.5.3)", () => {
    const session = alive().advance(1000);
    session.wire.ping(bytes`01`, session.now);
    session.receive(session.peer.pong(bytes`01`)).advance(999);
    expect(session.wire.phase).toBe("open");
    expect(payloads(session)).toHaveLength(2);
    session.advance(1);
    expect(payloads(session)).toHaveLength(3);
  });

  test("bytes of a frame in progress give time anew, the last one too", () => {
    const session = alive().advance(1000);
    const frame = session.peer.text("slow");
    const [pong] = payloads(session);
    for (const byte of frame) session.advance(290).receive(bytes`${byte}`);
    session.advance(290);
    expect(session.wire.phase).toBe("open");
    session.receive(session.peer.pong(pong)).advance(299);
    expect(session.wire.phase).toBe("open");
  });

  test("silence inside a frame is silence", () => {
    const session = alive().advance(1000);
    session.advance(200).receive(begun(session)).advance(299);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    expectGivenUp(session);
  });

  test("stands still while held, and gives time anew after", () => {
    const session = alive();
    session.sink.onMessage = () => false;
    session.advance(1000);
    expect(session.wire.deadline).toBe(START + 1300);
    session.receive(session.peer.text("a"));
    // The next ping, and no end of patience.
    expect(session.wire.deadline).toBe(START + 2000);
    session.advance(60_000).resume();
    expect(session.wire.deadline).toBe(session.now + 300);
    session.advance(299);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    expectGivenUp(session);
  });

  test("while held a ping goes out all the same", () => {
    const session = alive();
    session.sink.onMessage = () => false;
    session.receive(session.peer.text("a")).advance(1000);
    expect(payloads(session)).toHaveLength(1);
  });

  test("a late tick does no more than one that comes in time", () => {
    const session = alive();
    session.wire.tick(START + 50_000);
    expect(payloads(session)).toHaveLength(1);
    expect(session.wire.deadline).toBe(START + 50_300);
  });

  test("ends with the open phase", () => {
    const session = alive({ timeouts: { close: 5000 } }).close(1000);
    session.advance(2000);
    expect(session.sent.map(({ opcode }) => opcode)).toEqual([8]);
  });

  test("Infinity is off", () => {
    expect(alive({ timeouts: { keepalive: OFF } }).wire.deadline).toBeUndefined();
    const session = alive({ timeouts: { pong: OFF } }).advance(1000);
    expect(session.wire.deadline).toBe(START + 2000);
    session.advance(60_000);
    expect(session.wire.phase).toBe("open");
  });
});

describe("timeouts.message", () => {
  const slow = () => timed({ message: 500 });

  test("is from the first byte of a message to its last, in one frame", () => {
    const session = slow().advance(1000);
    const frame = session.peer.text("x".repeat(10));
    for (const byte of frame.subarray(0, 10)) session.receive(bytes`${byte}`).advance(49);
    expect(session.wire.deadline).toBe(START + 1500);
    session.advance(9);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    const end = expectFailed(session, 1008);
    expect(end).toMatchObject({ cause: "timeout", error: { limit: "timeouts.message", closeCode: 1008 } });
  });

  test("is from the first fragment to the last, whatever is between", () => {
    const session = slow();
    session.receive(session.peer.text("a", { fin: false }));
    session.advance(200).receive(session.peer.ping(), session.peer.more("b"));
    session.advance(299);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    expectFailed(session, 1008);
  });

  test("does not run between messages", () => {
    const session = slow();
    for (let count = 0; count < 5; count += 1) {
      session.receive(begun(session)).advance(400).receive(session.peer.text("begun").subarray(-1));
      expect(session.wire.deadline).toBeUndefined();
      session.advance(5000);
    }
    expect(session.messages).toHaveLength(5);
  });

  test("begins anew with a message that starts in the chunk where the last one ended", () => {
    const session = slow();
    const [start, last] = [begun(session), session.peer.text("begun").subarray(-1)];
    session.receive(start);
    for (let count = 0; count < 5; count += 1) session.advance(400).receive(Buffer.concat([last, start]));
    expect(session.messages).toHaveLength(5);
    session.advance(499);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    expectFailed(session, 1008);
  });

  test("stands still while held, and begins anew after", () => {
    const session = slow();
    session.sink.onMessage = () => false;
    session.receive(Buffer.concat([session.peer.text("a"), begun(session)]));
    expect(session.wire.deadline).toBeUndefined();
    session.advance(5000).resume();
    expect(session.wire.deadline).toBe(session.now + 500);
  });

  test("stands still while held inside a message that is streamed, and begins anew after", () => {
    const session = slow();
    session.wire.streaming = true;
    session.sink.onFragment = () => false;
    session.receive(session.peer.text("a", { fin: false }));
    expect(session.wire.deadline).toBeUndefined();
    session.advance(5000).resume();
    expect(session.wire.deadline).toBe(session.now + 500);
  });
});

describe("timeouts.idle", () => {
  test("is from one message to the next; all else does not count", () => {
    const session = timed({ idle: 500 }).advance(400);
    session.receive(session.peer.text("a")).advance(400);
    session.receive(session.peer.ping(), session.peer.pong(), begun(session)).advance(99);
    expect(session.wire.phase).toBe("open");
    session.advance(1);
    const end = expectFailed(session, 1008);
    expect(end).toMatchObject({ cause: "timeout", error: { limit: "timeouts.idle", closeCode: 1008 } });
  });

  test("stands still while held, and begins anew after", () => {
    const session = timed({ idle: 500 });
    session.sink.onMessage = () => false;
    session.receive(session.peer.text("a"));
    expect(session.wire.deadline).toBeUndefined();
    session.advance(5000).resume();
    expect(session.wire.deadline).toBe(session.now + 500);
  });

  test("the earliest of all deadlines counts", () => {
    const session = new Session({ timeouts: { idle: 900, message: 500, keepalive: 1400 }, jitter: 0 });
    expect(session.wire.deadline).toBe(START + 700);
    session.receive(begun(session));
    expect(session.wire.deadline).toBe(START + 500);
  });

  test("a tick before its time does nothing", () => {
    const session = new Session({ timeouts: { idle: 900, message: 500 } });
    session.receive(begun(session));
    session.wire.tick(START + 499);
    expectUndisturbed(session);
  });
});
