// From a keyboard to readline.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { silent, typeInto } from "../../src/connect/keyboard.ts";

function typing() {
  const keyboard = new PassThrough();
  const lines = createInterface({ input: silent(keyboard), output: new PassThrough(), terminal: true });
  const got: string[] = [];
  lines.on("line", (line) => got.push(line));
  typeInto(lines, keyboard);
  return { keyboard, lines, got };
}

/** Types these chunks, one after the other. */
async function type(keyboard: PassThrough, ...chunks: readonly (string | Uint8Array)[]): Promise<void> {
  for (const chunk of chunks) {
    keyboard.write(chunk);
    await new Promise(setImmediate);
  }
}

test.each<[string, (string | Uint8Array)[], string[]]>([
  ["text in one chunk", ["one\rtwo\r"], ["one", "two"]],
  ["text in many", ["o", "n", "e", "\r"], ["one"]],
  ["a character that is cut", [Buffer.from("🐈").subarray(0, 2), Buffer.from("🐈\r").subarray(2)], ["🐈"]],
  ["text, a key, and text", ["end\u001b[Hbegin, \r"], ["begin, end"]],
  ["a key that is cut", ["end", "\u001b[", "H", "begin, \r"], ["begin, end"]],
  ["a key with Alt", ["one two\u001bbx\r"], ["one xtwo"]],
  ["a key with Ctrl", ["one two\u0001x\r"], ["xone two"]],
  ["a deletion", ["onn\u007fe\r"], ["one"]],
])("%s", async (_name, chunks, wanted) => {
  const { keyboard, lines, got } = typing();
  await type(keyboard, ...chunks);
  expect(got).toEqual(wanted);
  lines.close();
});

test("what is typed after the end is nobody's", async () => {
  const { keyboard, lines, got } = typing();
  await type(keyboard, "half");
  lines.close();
  expect(keyboard.isPaused()).toBe(true);
  keyboard.resume();
  await type(keyboard, " a line\r");
  expect(got).toEqual([]);
});

test.each<[string, (keyboard: PassThrough) => unknown]>([
  ["ends", (keyboard) => keyboard.end()],
  ["fails", (keyboard) => keyboard.destroy(new Error("read EIO"))],
])("a keyboard that %s ends it, and what was half typed is not sent", async (_name, leave) => {
  const { keyboard, lines, got } = typing();
  await type(keyboard, "half");
  const closed = once(lines, "close");
  leave(keyboard);
  await closed;
  expect(got).toEqual([]);
});
