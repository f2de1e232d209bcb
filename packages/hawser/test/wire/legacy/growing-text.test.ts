// Text of the oldest framings as it grows: whole or in pieces, as was asked for when it began.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { bytes } from "../../support/bytes.ts";
import { expectMessages } from "../../support/expectations.ts";
import type { Session } from "../../support/session.ts";
import { byteByByte, cutAt, inChunks } from "../../support/splits.ts";
import { endOf, framingFor, sessionOf } from "./support.ts";

const versions = ["hixie-75", "hixie-76", "whatwg-2010-08"] as const;
const frameOf = (version: (typeof versions)[number], text: string | Buffer) => {
  if (typeof text === "string") return framingFor(version).encodeMessage(text, undefined);
  return version === "whatwg-2010-08"
    ? bytes`ff 00 00 00 00 00 00 00 ${text.length}${text}`
    : bytes`00${text}ff`;
};
/** What was streamed, put together, and how often it was final. */
const streamed = (session: Session) => {
  const pieces = session.sink.of("fragment");
  expect(pieces.every(({ kind }) => kind === "text")).toBe(true);
  return [
    String(Buffer.concat(pieces.map((piece) => piece.bytes))),
    pieces.filter(({ final }) => final).length,
  ];
};

describe.each(versions)("%s", (version) => {
  test("grows to any size, in chunks of any size", () => {
    const text = "aé水😀".repeat(5000);
    for (const size of [1, 7, 300, 4096]) {
      const session = sessionOf(version, "server").receive(...inChunks(frameOf(version, text), size));
      expect(session.messages).toEqual([text]);
    }
  });

  test("is forgotten once it was delivered", () => {
    const session = sessionOf(version, "server");
    for (const text of ["x".repeat(600), "short", "", "y".repeat(300)])
      session.receive(...byteByByte(frameOf(version, text)));
    expectMessages(session, "x".repeat(600), "short", "", "y".repeat(300));
  });

  test("what is no UTF-8 is replaced alike, whole, in chunks and in pieces", () => {
    const ends = [
      [0x80],
      [0xe2, 0x82],
      [0xf0, 0x9f],
      [0xed, 0xa0, 0x80],
      [0xc0, 0x80],
      [0xf8],
      [0xf4, 0x90, 0x80, 0x80],
    ];
    for (const end of ends) {
      const payload = Buffer.from([0x61, ...end, 0x62, ...end]);
      const input = frameOf(version, payload);
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload);
      for (let at = 1; at < input.length; at += 1) {
        const chunks = cutAt(input, [at]);
        const session = sessionOf(version, "server").receive(...chunks);
        expectMessages(session, text);
        const streaming = sessionOf(version, "server");
        streaming.wire.streaming = true;
        expect(streamed(streaming.receive(...chunks))).toEqual([text, 1]);
      }
    }
  });

  test("a piece is delivered for each chunk that ends a character, an empty one at most at the end", () => {
    const session = sessionOf(version, "server");
    session.wire.streaming = true;
    session.receive(...byteByByte(frameOf(version, "a€")));
    session.receive(frameOf(version, ""));
    expect(streamed(session)).toEqual(["a€", 2]);
    expect(
      session.sink
        .of("fragment")
        .slice(0, -2)
        .every((piece) => piece.bytes.length > 0),
    ).toBe(true);
  });

  test("the message under way goes on as it began when streaming is turned on, or off", () => {
    const input = frameOf(version, "Hello");
    for (let at = 1; at < input.length; at += 1) {
      const [head, tail] = cutAt(input, [at]);
      const session = sessionOf(version, "server").receive(head ?? bytes``);
      // In a header nothing of a message has begun yet.
      const begun = version !== "whatwg-2010-08" || at >= 9;
      session.wire.streaming = true;
      session.receive(tail ?? bytes``);
      expect(session.messages).toEqual(begun ? ["Hello"] : []);
      session.receive(head ?? bytes``);
      session.wire.streaming = false;
      session.receive(tail ?? bytes``, input);
      expect(session.messages).toEqual(begun ? ["Hello", "Hello"] : ["Hello", "Hello"]);
      expect(streamed(session)).toEqual(["Hello", 1]);
    }
  });

  test("pieces hold as whole messages do", () => {
    const input = Buffer.concat([frameOf(version, "Hello"), frameOf(version, "World")]);
    const session = sessionOf(version, "server");
    session.wire.streaming = true;
    session.sink.onFragment = () => false;
    session.receive(...cutAt(input, [input.length / 4]));
    expect(session.wire.held).toBe(true);
    while (session.wire.held) session.resume();
    expect(streamed(session)).toEqual(["HelloWorld", 2]);
  });

  test("pieces are held to limits.message too, and end the connection in the middle", () => {
    const session = sessionOf(version, "server", { limits: { message: 5 } });
    session.wire.streaming = true;
    session.receive(...byteByByte(frameOf(version, "Hello!")));
    expect(session.sink.of("fragment").some(({ final }) => final)).toBe(false);
    expect(endOf(session.end())).toMatchObject({
      cause: "limit",
      code: 1009,
      error: { limit: "limits.message" },
    });
  });

  test("after our Close nothing is delivered, and the limit holds all the same", () => {
    const session = sessionOf(version, "server", { limits: { message: 5 } }).close();
    session.wire.streaming = true;
    session.receive(frameOf(version, "Hello"), frameOf(version, "Hello!"));
    expect(session.sink.of("fragment")).toEqual([]);
    expect(endOf(session.end())).toMatchObject({ cause: "limit", code: 1009, clean: false });
  });
});
