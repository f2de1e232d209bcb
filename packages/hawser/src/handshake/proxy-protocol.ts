// The PROXY protocol of HAProxy, versions 1 and 2: a header in front of all else that names the client behind a TCP proxy.
import { Buffer } from "node:buffer";
import { badRequest } from "./bad-request.ts";
import { quote } from "./field-syntax.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import type { HandshakeError } from "./handshake-error.ts";
import { formatIPv4, formatIPv6, isIPv4, isIPv6 } from "./ip-address.ts";

/** A header that was read. */
export interface ProxyHeader {
  /** The client's address; undefined where the proxy speaks for itself (a health check) or the client has none that we know. */
  readonly remoteAddress: string | undefined;
  /** The client's port, 0 to 65535; undefined together with the address. */
  readonly remotePort: number | undefined;
  /** Whether the client came to the proxy over TLS; undefined where the header does not say. */
  readonly secure: boolean | undefined;
  /** The bytes behind the header: a view. */
  readonly rest: Buffer;
}

type Client = Omit<ProxyHeader, "rest">;

const rule1 = "PROXY protocol §2.1";
const rule2 = "PROXY protocol §2.2";

const textStart = Buffer.from("PROXY ", "latin1");
const binaryStart = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/** §2.1: "a 108-byte buffer is always enough" for a line and a NUL behind it. */
const longestLine = 107;
/** Signature, version and command, family, and the length of the rest, which has addresses and then whatever the proxy likes to add. */
const binaryHead = 16;
const longestBinaryRest = 4096;
/** §2.2.5, PP2_TYPE_SSL: the type of what tells of TLS, and the bit of its first byte which says that there is some. */
const tlsType = 0x20;
const tlsBit = 0x01;

const nobody: Client = { remoteAddress: undefined, remotePort: undefined, secure: undefined };

/**
 * Reads the PROXY header at the start of a connection, however it is split.
 *
 * Only for peers known to be such a proxy, which then must send one: it "MUST not try to guess whether the protocol header is present or not" (§2).
 */
export class ProxyHeaderReader {
  readonly #gathered = new GatheredBytes();

  /**
   * Takes the next bytes, which are the reader's from now on. Not to be called again after it gave a header or threw.
   *
   * @returns the header once it is complete, undefined before; at most 107 bytes in version 1, 16 + 4096 in version 2
   * @throws HandshakeError 400 for anything else, at the first byte that differs from both signatures
   */
  read(chunk: Buffer): ProxyHeader | undefined {
    this.#gathered.append(chunk);
    const bytes = this.#gathered.bytes;
    if (startsLike(bytes, textStart)) return readLine(bytes);
    if (startsLike(bytes, binaryStart)) return readBinary(bytes);
    throw badRequest(
      "the connection does not begin with a header of the PROXY protocol",
      "PROXY protocol §2",
    );
  }
}

// Whether they agree, as far as there are bytes.
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const known = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, known).equals(signature.subarray(0, known));
}

function readLine(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, longestLine).indexOf("\r\n");
  if (end >= 0) return { ...parseLine(bytes.toString("latin1", 0, end)), rest: bytes.subarray(end + 2) };
  if (bytes.length < longestLine) return undefined;
  throw badRequest(`the PROXY line is over ${longestLine} bytes`, rule1);
}

function parseLine(line: string): Client {
  // "the receiver must ignore anything presented before the CRLF" behind UNKNOWN.
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return nobody;
  const port = "(0|[1-9][0-9]{0,4})";
  const [, family, from = "", to = "", fromPort, toPort] =
    new RegExp(`^PROXY (TCP4|TCP6) ([^ ]+) ([^ ]+) ${port} ${port}$`).exec(line) ?? [];
  const isAddress = family === "TCP4" ? isIPv4 : isIPv6;
  const portsFit = Number(fromPort) <= 65_535 && Number(toPort) <= 65_535;
  if (!portsFit || !isAddress(from) || !isAddress(to))
    throw badRequest(`bad PROXY line ${quote(line)}`, rule1);
  return { remoteAddress: from, remotePort: Number(fromPort), secure: undefined };
}

function readBinary(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length < binaryHead) return undefined;
  const length = bytes.readUInt16BE(14);
  if (length > longestBinaryRest) throw badBinary(`is ${length} bytes long, over ${longestBinaryRest}`);
  const client = binaryHead + length;
  if (bytes.length < client) return undefined;
  return { ...parseBinary(bytes.subarray(0, client)), rest: bytes.subarray(client) };
}

function parseBinary(header: Buffer): Client {
  const [version, command] = nibbles(header.readUInt8(12));
  const [family, transport] = nibbles(header.readUInt8(13));
  if (version !== 2) throw badBinary(`has version ${version}`);
  if (command > 1) throw badBinary(`has command ${command}`);
  if (family > 3 || transport > 2) throw badBinary(`has address family ${family} and transport ${transport}`);
  // LOCAL: the proxy's own connection, whose addresses are to be discarded.
  const stream = command === 1 && transport === 1;
  if (stream && family === 1) return parseAddresses(header.subarray(binaryHead), 4, formatIPv4);
  if (stream && family === 2) return parseAddresses(header.subarray(binaryHead), 16, formatIPv6);
  return nobody;
}

// Source and destination address, then source and destination port.
function parseAddresses(block: Buffer, size: number, format: (bytes: Buffer) => string): Client {
  if (block.length < 2 * size + 4) throw badBinary(`has ${block.length} bytes, too few for its addresses`);
  return {
    remoteAddress: format(block.subarray(0, size)),
    remotePort: block.readUInt16BE(2 * size),
    secure: securityOf(block.subarray(2 * size + 4)),
  };
}

// §2.2.5: behind the addresses each piece has a type, a length of two bytes, and a value. One that is cut tells nothing.
function securityOf(pieces: Buffer): boolean | undefined {
  for (let at = 0; at + 3 < pieces.length; at += 3 + pieces.readUInt16BE(at + 1)) {
    if (pieces.readUInt8(at) !== tlsType || pieces.readUInt16BE(at + 1) === 0) continue;
    return (pieces.readUInt8(at + 3) & tlsBit) !== 0;
  }
  return undefined;
}

function nibbles(byte: number): [high: number, low: number] {
  return [byte >> 4, byte & 0x0f];
}

function badBinary(what: string): HandshakeError {
  return badRequest(`the PROXY header ${what}`, rule2);
}
