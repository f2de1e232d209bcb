// Readers that many connections use in turn: nothing of one connection may be seen by the next.
import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { LimitError } from "../../../src/wire/errors.ts";
import { messageReader } from "../../../src/wire/rfc6455/message-reader.ts";
import { settingsOf } from "../../../src/wire/rfc6455/settings.ts";
import { bytes } from "../../support/bytes.ts";
import { KEY, plain } from "../../support/frames.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { Session } from "../../support/session.ts";

const mask = KEY;
const quiet = {
  streaming: false,
  message: () => true,
  fragment: () => true,
  compressed: () => true,
  control: () => true,
};

test("a reader at rest serves the next connection, by that one's settings", () => {
  const sink = new RecordingSink();
  const lenient = settingsOf({ role: "server", sink, now: 0 });
  const strict = settingsOf({
    role: "server",
    sink,
    now: 0,
    limits: { message: 1, rate: 1 },
    accepts: "text",
  });
  const first = messageReader(lenient, false, quiet);
  first.decoder.decode(plain.text("ab", { mask }), 0);
  expect(first.atRest).toBe(true);
  first.giveBack();
  const heard: (string | Uint8Array)[] = [];
  const next = messageReader(strict, false, { ...quiet, message: (data) => heard.push(data) > 0 });
  expect(next).toBe(first);
  next.decoder.decode(plain.text("c", { mask }), 0);
  expect(heard).toEqual(["c"]);
  expect(() => next.decoder.decode(plain.text("de", { mask }), 0)).toThrow(LimitError);
});

test("a spare reader has let go of the connection that it read for", () => {
  const settings = settingsOf({ role: "server", sink: new RecordingSink(), now: 0 });
  const heard: string[] = [];
  const handler = {
    streaming: false,
    message: (data: string | Uint8Array) => heard.push(String(data)) > 0,
    fragment: () => heard.push("fragment") > 0,
    compressed: () => heard.push("compressed") > 0,
    control: () => heard.push("control") > 0,
  };
  const reader = messageReader(settings, false, handler);
  reader.decoder.decode(plain.text("", { mask }), 0);
  reader.giveBack();
  for (const frame of [plain.text("", { mask }), plain.ping("", { mask })]) reader.decoder.decode(frame, 0);
  expect(heard).toEqual([""]);
});

test("no more than 64 wait for their next use", () => {
  const settings = settingsOf({ role: "server", sink: new RecordingSink(), now: 0 });
  const take = () => Array.from({ length: 100 }, () => messageReader(settings, false, quiet));
  const first = take();
  for (const reader of first) reader.giveBack();
  expect(take().filter((reader) => first.includes(reader))).toHaveLength(64);
});

test("the two roles, and those with compression, have readers of their own", () => {
  const sink = new RecordingSink();
  const server = settingsOf({ role: "server", sink, now: 0 });
  const client = settingsOf({ role: "client", sink, now: 0, maskKey: () => 1 });
  const readers = [server, client].flatMap((settings) =>
    [true, false].map((deflate) => messageReader(settings, deflate, quiet)),
  );
  for (const reader of readers) reader.giveBack();
  expect(new Set(readers).size).toBe(4);
});

test.each([
  ["a header", plain.text("later", { mask }), 1],
  ["a payload", plain.text("later", { mask }), 8],
  ["a message", Buffer.concat([plain.text("lat", { mask, fin: false }), plain.last("er", { mask })]), 9],
  ["a control frame", Buffer.concat([plain.ping("p", { mask }), plain.text("later", { mask })]), 6],
])("connections that are amid %s read for themselves (§5.4)", (_, chunk, cut) => {
  const sessions = Array.from({ length: 5 }, () => new Session());
  for (const session of sessions) session.receive(Buffer.from(chunk.subarray(0, cut)));
  for (const session of sessions) session.receive(Buffer.from(chunk.subarray(cut)));
  for (const { sink } of sessions) expect(sink.of("message").map(({ data }) => data)).toEqual(["later"]);
});

test("what a connection that failed was amid of is nobody's", () => {
  const bad = new Session();
  bad.receive(Buffer.concat([plain.text("x", { mask, fin: false }), bytes`81 80 00 00 00 00`]));
  expect(bad.wire.phase).toBe("closing");
  const good = new Session();
  good.receive(plain.text("whole", { mask }));
  expect(good.sink.of("message").map(({ data }) => data)).toEqual(["whole"]);
});

test("a handler that has another connection read from inside its message disturbs neither", () => {
  const inner = new Session();
  const outer = new Session();
  outer.sink.onMessage = () => {
    inner.receive(plain.text("inner", { mask }));
    return true;
  };
  outer.receive(Buffer.concat([plain.text("one", { mask }), plain.text("two", { mask })]));
  expect(outer.sink.of("message").map(({ data }) => data)).toEqual(["one", "two"]);
  expect(inner.sink.of("message").map(({ data }) => data)).toEqual(["inner", "inner"]);
});

test("a chunk that comes from inside a message's handler is read behind the one under way, by no other's reader", () => {
  const outer = new Session();
  const other = new Session();
  const later = plain.text("other", { mask });
  outer.sink.onMessage = (data) => {
    if (data !== "one") return true;
    outer.receive(plain.text("three", { mask }), plain.text("four", { mask }));
    other.receive(later.subarray(0, 8));
    return true;
  };
  outer.receive(Buffer.concat([plain.text("one", { mask }), plain.text("two", { mask })]));
  other.receive(later.subarray(8));
  expect(outer.messages).toEqual(["one", "two", "three", "four"]);
  expect(other.messages).toEqual(["other"]);
});

test("also while what was held back is read, and when a handler throws", () => {
  const session = new Session();
  session.sink.onMessage = () => false;
  session.receive(plain.text("one", { mask }), plain.text("two", { mask }), plain.text("three", { mask }));
  session.sink.onMessage = (data) => {
    if (data === "two") session.receive(plain.text("four", { mask }));
    if (data === "three") throw new Error("a handler's own");
    return true;
  };
  expect(() => session.resume()).toThrow("a handler's own");
  session.receive(plain.text("five", { mask }));
  expect(session.messages).toEqual(["one", "two", "three", "four", "five"]);
});
