// What is typed, on its way to readline: keys one by one, and text that comes at once, as a paste does, at once.
import { emitKeypressEvents, type Interface, type Key } from "node:readline";
import { Readable } from "node:stream";

/** A stream to read from that may be a terminal. */
export interface Keyboard extends Readable {
  readonly isTTY?: boolean | undefined;
  /** A terminal has it: keys come as they are pressed, and without being shown. */
  setRawMode?(raw: boolean): unknown;
}

/** What readline is to read from while it is typed into: nothing comes from it, but it sets the mode of the keyboard. */
export function silent(keyboard: Keyboard): Readable {
  const input = new Readable({ read: () => undefined });
  return Object.assign(input, { setRawMode: (raw: boolean) => keyboard.setRawMode?.(raw) });
}

/**
 * Types into readline what comes from a keyboard, until either of them ends.
 *
 * Readline could read it by itself, but what comes in one chunk it takes for a paste, and then loses count (Node 20 and 22): it
 * puts the text at the end instead of where the cursor is, and does not notice that it has filled a row of the screen. Given one
 * by one, each character costs it a walk over the whole line.
 */
export function typeInto(lines: Interface, keyboard: Keyboard): void {
  let text = "";
  const enterText = () => {
    const entered = text;
    text = "";
    if (entered !== "") lines.write(entered);
  };
  const onKey = (character: string | undefined, key: Key) => {
    if (isText(character, key)) {
      text += character;
      return;
    }
    enterText();
    lines.write(character, key);
  };
  const close = () => lines.close();
  lines.once("close", () => {
    keyboard.off("keypress", onKey).off("data", enterText).off("end", close).pause();
  });
  keyboard.on("keypress", onKey).on("end", close).on("error", close);
  emitKeypressEvents(keyboard);
  // Behind the listener that makes keys of a chunk: those have come then, all of them.
  keyboard.on("data", enterText);
}

function isText(character: string | undefined, { ctrl, meta }: Key): boolean {
  return character !== undefined && ctrl !== true && meta !== true && !/\p{Cc}/u.test(character);
}
