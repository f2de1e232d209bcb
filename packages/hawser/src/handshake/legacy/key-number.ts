// Sec-WebSocket-Key1 and Sec-WebSocket-Key2: a number hidden in a text with spaces, and the proof that somebody found it (hixie-76).
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { badRequest } from "../bad-request.ts";
import { quote } from "../field-syntax.ts";

/** How many bytes a client says behind its head. */
export const CHALLENGE_LENGTH = 8;
/** How many bytes prove that a server has read the keys. */
export const PROOF_LENGTH = 16;

const MAX = 0xffff_ffff;
const rule = "draft-hixie-thewebsocketprotocol-76";
/** A number of more digits is over 2^32 whatever it is divided by: a key holds no more than twelve spaces, by its makers' rule. */
const MOST_DIGITS = 16;

/**
 * What a key comes to: its digits as one number, divided by how many spaces are in it.
 *
 * @param raw all that stands behind the colon: a space at the end of a key counts, and some clients make such keys
 * @throws HandshakeError 400 for a key without digits or spaces, that does not divide, or that comes to more than 32 bits
 */
export function keyNumber(name: string, raw: string): number {
  const key = raw.startsWith(" ") ? raw.slice(1) : raw;
  const wrong = (what: string) => badRequest(`the ${name} ${quote(key)} ${what}`, rule);
  const digits = key.replace(/[^0-9]/g, "");
  const spaces = key.split(" ").length - 1;
  if (digits === "") throw wrong("has no digits");
  if (spaces === 0) throw wrong("has no spaces");
  const number = digits.length > MOST_DIGITS ? Number.POSITIVE_INFINITY : Number(digits);
  if (number / spaces > MAX) throw wrong("comes to more than 32 bits");
  if (number % spaces !== 0) throw wrong(`has a number that is no multiple of its ${spaces} spaces`);
  return number / spaces;
}

/** The proof: MD5 of both numbers and the eight bytes behind the request. */
export function proofOf([first, second]: readonly [number, number], body: Uint8Array): Buffer {
  const challenge = Buffer.alloc(8 + CHALLENGE_LENGTH);
  challenge.writeUInt32BE(first, 0);
  challenge.writeUInt32BE(second, 4);
  challenge.set(body.subarray(0, CHALLENGE_LENGTH), 8);
  return hash("md5", challenge, "buffer");
}

/** A whole number from 0 to one less than `below`, which nobody can foretell. */
export type RandomInteger = (below: number) => number;

/** What may stand between the digits: printable ASCII without digits and the space. */
const NOISE = Array.from({ length: 0x7e - 0x20 }, (_, offset) => String.fromCharCode(offset + 0x21))
  .join("")
  .replace(/[0-9]/g, "");

/** Makes a key, and the number that it comes to, as hixie-76 tells a client to. */
export function makeKey(random: RandomInteger): { readonly key: string; readonly number: number } {
  const spaces = 1 + random(12);
  const number = random(Math.floor(MAX / spaces) + 1);
  const characters = String(number * spaces).split("");
  const noise = 1 + random(12);
  for (let count = 0; count < noise; count += 1) {
    characters.splice(random(characters.length + 1), 0, NOISE.charAt(random(NOISE.length)));
  }
  // Neither the first nor the last: what trims a value would take those away.
  for (let count = 0; count < spaces; count += 1) {
    characters.splice(1 + random(characters.length - 1), 0, " ");
  }
  return { key: characters.join(""), number };
}
