// What UTF-8 is, by the platform's own decoder: slow and plain, to check the fast one against (RFC 3629).
import { bytes } from "./bytes.ts";

/** What the platform says of a whole text. */
export function isWholeUtf8(input: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(input);
    return true;
  } catch {
    return false;
  }
}

/** Whether bytes could go on to become valid, by trying all that could complete the last character. */
export function canBecomeUtf8(input: Uint8Array): boolean {
  const ends = [bytes``, bytes`80`, bytes`80 80`, bytes`80 80 80`];
  for (const second of [0x90, 0xa0]) ends.push(bytes`${second}`, bytes`${second} 80`, bytes`${second} 80 80`);
  return ends.some((end) => isWholeUtf8(bytes`${input} ${end}`));
}
