// What the answers that accept have in common, whatever the version: what an application may add to them, and what it may not.
import type { Buffer } from "node:buffer";
import type { FrameKey } from "../wire/legacy/framings.ts";
import type { ExtensionOffer } from "./extension.ts";
import { quote } from "./field-syntax.ts";
import type { ResponseHead } from "./head.ts";
import { type HeaderFields, headerLines } from "./header-fields.ts";
import type { Opening } from "./opening.ts";

/** What the application adds to the answer that accepts. */
export interface AcceptanceOptions {
  /** One of those that were offered. */
  readonly subprotocol?: string | undefined;
  /** Those agreed on, by the names they were offered under. */
  readonly extensions?: readonly ExtensionOffer[] | undefined;
  readonly headers?: HeaderFields | undefined;
  /** Whether the client came over TLS: in hixie-75 to hybi-03 the answer says so. Default false. */
  readonly secure?: boolean | undefined;
  /** The host that the client asked for, where it is not that of the request. For the same versions. */
  readonly host?: string | undefined;
  /** The whole URL that the client asked for, in place of what secure, host and target say. For the same versions. */
  readonly location?: string | undefined;
  /** Makes base64 of sixteen bytes that nobody can foretell: hybi-04 has them in its answer. */
  readonly nonce?: (() => string) | undefined;
}

/** An answer that accepts: as bytes, and as what they say. */
export interface Acceptance {
  readonly bytes: Buffer;
  readonly head: ResponseHead;
  /**
   * In the versions with two keys: what proves that the request was read, to be sent behind `bytes`, by the eight bytes that
   * come behind the request.
   */
  readonly proof?: ((body: Uint8Array) => Buffer) | undefined;
  /** What the framing of hybi-04 needs. */
  readonly frameKey?: FrameKey | undefined;
}

export type Lines = readonly (readonly [name: string, value: string])[];

const ownOnAccept =
  /^(?:sec-websocket-.*|websocket-(?:origin|location|protocol)|connection|upgrade|content-length|transfer-encoding)$/i;
const noHeaderLines: Lines = [];

/** @throws TypeError for what was not offered */
export function checkOffered(kind: string, chosen: string, offered: readonly string[]): void {
  if (offered.includes(chosen)) return;
  const offer = offered.length === 0 ? "none" : offered.map(quote).join(", ");
  throw new TypeError(`the ${kind} ${quote(chosen)} was not offered; the client offered ${offer}`);
}

/** The line that names the chosen subprotocol; none if there is none. Throws TypeError for one that was not offered. */
export function subprotocolLine(name: string, chosen: string | undefined, opening: Opening): Lines {
  if (chosen === undefined) return noHeaderLines;
  checkOffered("subprotocol", chosen, opening.subprotocols);
  return [[name, chosen]];
}

/** The application's lines for an answer. Throws TypeError for those that are the handshake's own. */
export function applicationLines(headers: HeaderFields | undefined, reserved: RegExp = ownOnAccept): Lines {
  if (headers === undefined) return noHeaderLines;
  const lines = headerLines(headers);
  for (const [name] of lines) {
    if (reserved.test(name)) throw new TypeError(`the header ${quote(name)} is set by the handshake itself`);
  }
  return lines;
}
