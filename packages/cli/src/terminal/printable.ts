// Text that a peer has chosen, made safe to print.

/** What moves the cursor, colours, reorders or breaks a line: control characters, separators, bidirectional controls, halves of pairs. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The longest text that is printed whole, in characters of the string. */
const MAX_LENGTH = 300;

/** The text with every unprintable character as `\u{1b}`, on one line and not endless. */
export function printable(text: string): string {
  const cut = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return cut.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
