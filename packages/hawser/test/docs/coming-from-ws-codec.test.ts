// The parts of `ws` below its classes, and what `hawser/wire` and `hawser/handshake` have in their place.
import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { parseExtensions, parseSubprotocols } from "hawser/handshake";
import { Decoder, encodeMessage, type FrameHeader, Opcode } from "hawser/wire";
import { expect, test } from "vitest";
import { KEY, masked } from "../support/frames.ts";

/** What is exported and has no types. */
interface Parts {
  readonly Sender: {
    frame(data: Buffer, options: object): Buffer[];
  };
  readonly Receiver: new (
    options: object,
  ) => {
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
    write(chunk: Buffer): void;
  };
  readonly subprotocol: { parse(value: string): Set<string> };
  readonly extension: { parse(value: string): Record<string, Record<string, unknown[]>[]> };
}

const { Sender, Receiver, subprotocol, extension } = createRequire(import.meta.url)("ws") as Parts;

test("Sender.frame, and encodeMessage", () => {
  const hello = Buffer.from("hello");
  const unmasked = Sender.frame(hello, { opcode: Opcode.text, fin: true });
  expect(Buffer.from(encodeMessage("hello"))).toEqual(Buffer.concat(unmasked));
  const generateMask = (mask: Buffer) => void KEY.copy(mask);
  const withMask = Sender.frame(Buffer.from(hello), {
    opcode: Opcode.text,
    fin: true,
    mask: true,
    generateMask,
  });
  expect(Buffer.from(encodeMessage("hello", KEY.readInt32LE()))).toEqual(Buffer.concat(withMask));
});

test("Receiver, and Decoder", () => {
  const theirs: string[] = [];
  const receiver = new Receiver({ isServer: true });
  receiver.on("message", (data) => theirs.push(data.toString()));
  receiver.write(masked.text("hello"));
  const ours: string[] = [];
  let opcode: number = Opcode.close;
  const decoder = new Decoder("server", {
    header(header: FrameHeader) {
      opcode = header.opcode;
    },
    payload(bytes, start, end) {
      if (opcode === Opcode.text) ours.push(Buffer.from(bytes).toString("utf8", start, end));
      return true;
    },
  });
  decoder.decode(masked.text("hello"), 0);
  expect([theirs, ours]).toEqual([["hello"], ["hello"]]);
});

test("subprotocol.parse and extension.parse, and ours", () => {
  expect(parseSubprotocols(["chat.v2, chat.v1"])).toEqual([...subprotocol.parse("chat.v2, chat.v1")]);
  const value = "permessage-deflate; client_max_window_bits=10";
  const [offer] = parseExtensions([value]);
  expect(Object.keys(extension.parse(value))).toEqual([offer?.name]);
});
