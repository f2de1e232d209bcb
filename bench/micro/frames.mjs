// Masked frames and texts for the micro benches.
import { Encoder, OutputBuffer } from "hawser/wire";

/** The frames that a client would send for this text, as one chunk. */
export function maskedFrames(text, count) {
  const output = new OutputBuffer();
  const encoder = new Encoder(output, () => 0x7b5ba712);
  for (let index = 0; index < count; index += 1) encoder.text(text);
  return output.take();
}

/** ASCII text of this many bytes. */
export function asciiText(size) {
  return "The quick brown fox jumps over the lazy dog. ".repeat(Math.ceil(size / 45)).slice(0, size);
}

/** Text of about this many bytes that is not ASCII. */
export function wideText(size) {
  const phrase = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ";
  return phrase.repeat(Math.ceil(size / Buffer.byteLength(phrase)));
}
