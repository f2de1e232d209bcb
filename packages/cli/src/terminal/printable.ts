// Text that a peer has chosen, made safe to print.

/** What moves the cursor, colours, reorders or breaks a line: control characters, separators, bidirectional controls, halves of pairs. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The longest text that is printed whole, in characters of the string. */
const MAX_LENGTH = 300;

/** The text with every unprintable character as `\u{1b}`, on one line and not endless. */
export function printable(text: string): string {
  return escaped(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
}

/** The text with every unprintable character as `\u{1b}`, line breaks included, however long it is. */
export function escaped(text: string): string {
  return text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** JSON with every unprintable character in its strings as `\u001b`: the same value, and safe to print. */
export function escapedJson(json: string): string {
  // JSON.stringify spells out half of them already. All others are one unit of UTF-16 each, and stand only in strings.
  return json.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
