// Keys for readline, one at a time.
import { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** A stream to read from that may be a terminal. */
export interface Keyboard extends Readable {
  readonly isTTY?: boolean | undefined;
  /** A terminal has it: keys come as they are pressed, and without being shown. */
  setRawMode?(raw: boolean): unknown;
}

/**
 * The same keyboard, which gives each character on its own.
 *
 * What comes in one chunk readline takes for a paste, and then loses count (Node 20 and 22): it puts the text at the end
 * instead of where the cursor is, and does not notice that it has filled a row of the screen.
 */
export function oneKeyAtATime(keyboard: Keyboard): Keyboard {
  return Object.assign(Readable.from(characters(keyboard)), {
    setRawMode: (raw: boolean) => keyboard.setRawMode?.(raw),
  });
}

async function* characters(keyboard: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder("utf8");
  for await (const chunk of keyboard) yield* decoder.write(chunk);
}
