// Binary messages for the eye: how long, and how they begin.

/** How many bytes are shown. */
const SHOWN = 32;

/** One line about some bytes: `5 bytes: 68 65 6c 6c 6f |hello|`. */
export function hexPreview(bytes: Uint8Array): string {
  const count = `${bytes.length.toLocaleString("en")} ${bytes.length === 1 ? "byte" : "bytes"}`;
  if (bytes.length === 0) return count;
  const begin = [...bytes.subarray(0, SHOWN)];
  const more = bytes.length > SHOWN ? " …" : "";
  const hex = begin.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const ascii = begin.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
  return `${count}: ${hex}${more} |${ascii}|${more}`;
}
