// The small grammar that header fields share: tokens, optional whitespace, comma lists (RFC 9110 §5.6).

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SP = 0x20;
const HTAB = 0x09;

/** Whether `text` is a token: a method, a header name, a subprotocol (RFC 9110 §5.6.2). The empty string is none. */
export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

function isOws(code: number): boolean {
  return code === SP || code === HTAB;
}

/**
 * Strips the optional whitespace around a value: spaces and tabs and nothing else (RFC 9110 §5.6.3).
 *
 * `String.prototype.trim` would also take U+00A0, which is an ordinary obs-text byte of a value here.
 */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** The members of a comma list, without the empty ones, which a recipient must ignore (RFC 9110 §5.6.1.2). */
export function listMembers(list: string): string[] {
  return list
    .split(",")
    .map(trimOws)
    .filter((member) => member !== "");
}

/** Whether a comma list has this member, given in lower case; the case of the list does not matter. */
export function listHas(list: string, member: string): boolean {
  const lower = list.toLowerCase();
  return lower === member || listMembers(lower).includes(member); // most lists have one member
}

/**
 * Puts a peer's text into a message: short, in double quotes, printable ASCII only.
 *
 * Messages end on terminals and in logs, so no control character of a peer's (C1 included) may get there.
 */
export function quote(text: string): string {
  const short = text.length > 64 ? `${text.slice(0, 64)}...` : text;
  return JSON.stringify(short).replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
