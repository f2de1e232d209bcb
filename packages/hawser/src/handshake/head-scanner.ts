// HeadScanner: which byte may stand where in a message head, as one state table; RFC 9112 without its leniencies.
import type { Buffer } from "node:buffer";
import type { Limits } from "../wire/limits.ts";
import { badRequest } from "./bad-request.ts";
import { isToken } from "./field-syntax.ts";
import { HandshakeError } from "./handshake-error.ts";

// Every byte is of one class. A letter, digit or sign has a class of its own where the version ("HTTP/1.1") asks for it.
const signs = ["CR", "LF", "SP", "HTAB", ":", "/", ".", "0", "1", "H", "T", "P"] as const;
const classes = [...signs, "2-9", "tchar", "vchar", "obs-text", "other"] as const;
type Class = (typeof classes)[number];

// What the grammar names: one class, or several of them.
type Group = "token" | "visible" | "value" | "digit";
const token: readonly Class[] = [".", "0", "1", "H", "T", "P", "2-9", "tchar"]; // RFC 9110 §5.6.2
const visible: readonly Class[] = [...token, ":", "/", "vchar"];
const groups = new Map<string, readonly string[]>([
  ["token", token],
  ["visible", visible],
  ["value", [...visible, "SP", "HTAB", "obs-text"]], // RFC 9110 §5.5: no control characters but HTAB
  ["digit", ["0", "1", "2-9"]],
] satisfies [Group, readonly Class[]][]);

// The grammar: state -> what may come -> the state after it. What is not named is refused. The order counts: "refused" is
// first, and before "line" stands what belongs to the request line or the status line.
const grammar = rows({
  refused: {},
  start: { token: "method", CR: "empty line" }, // RFC 9112 §2.2: one empty line before the request line is ignored
  "empty line": { LF: "request line" },
  "request line": { token: "method" },
  method: { token: "method", SP: "before target" },
  "before target": { visible: "target" },
  target: { visible: "target", SP: "version" },
  version: { H: "H" },
  H: { T: "HT" },
  HT: { T: "HTT" },
  HTT: { P: "HTTP" },
  HTTP: { "/": "HTTP/" },
  "HTTP/": { "1": "HTTP/1", "2-9": "HTTP/2" }, // not 0: an HTTP/0.9 request has no version to name
  "HTTP/1": { ".": "HTTP/1." },
  "HTTP/1.": { digit: "after version" },
  "HTTP/2": { ".": "HTTP/2." },
  "HTTP/2.": { digit: "unsupported" },
  "after version": { CR: "request line LF" },
  "request line LF": { LF: "line" },
  "response start": { H: "status H" },
  "status H": { T: "status HT" },
  "status HT": { T: "status HTT" },
  "status HTT": { P: "status HTTP" },
  "status HTTP": { "/": "status HTTP/" },
  "status HTTP/": { "1": "status HTTP/1" },
  "status HTTP/1": { ".": "status HTTP/1." },
  "status HTTP/1.": { digit: "before status" },
  "before status": { SP: "status" },
  status: { "1": "status x", "2-9": "status x" }, // not 0: RFC 9110 §15 has no such class, and our 0 means "no answer"
  "status x": { digit: "status xx" },
  "status xx": { digit: "after status" },
  "after status": { SP: "reason", CR: "status line LF" }, // RFC 9112 §4 wants the space, and servers leave it out
  reason: { value: "reason", CR: "status line LF" },
  "status line LF": { LF: "line" },
  line: { token: "name", CR: "last LF" },
  name: { token: "name", ":": "value" },
  value: { value: "value", CR: "value LF" },
  "value LF": { LF: "line" },
  "last LF": { LF: "complete" },
  unsupported: {},
  complete: {},
});
type State = keyof typeof grammar;

// What a message says was expected, and the rule behind it, for the states a peer is likely to fail in.
const expectations: { readonly [state in State]?: readonly [expected: string, rule: string] } = {
  start: ["a request method", "RFC 9112 §3.1"],
  "request line": ["a request method", "RFC 9112 §3.1"],
  method: ["a request method and a space", "RFC 9112 §3.1"],
  "before target": ["one space and a request target", "RFC 9112 §3"],
  target: ["a request target of printable ASCII, a space and the version", "RFC 9112 §3.2"],
  line: ["a header name (folded lines are refused, §5.2)", "RFC 9112 §5"],
  name: ["a header name with a colon right behind it", "RFC 9112 §5.1"],
  value: ["a header value without control characters, ended by CR LF", "RFC 9110 §5.5"],
  "empty line": ["LF behind CR", "RFC 9112 §2.2"],
  "request line LF": ["LF behind CR", "RFC 9112 §2.2"],
  "value LF": ["LF behind CR", "RFC 9112 §2.2"],
  "last LF": ["LF behind CR", "RFC 9112 §2.2"],
  "before status": ["a space and a status of three digits", "RFC 9112 §4"],
  status: ["a status of three digits, the first of them not 0", "RFC 9110 §15"],
  "status x": ["a status of three digits", "RFC 9112 §4"],
  "status xx": ["a status of three digits", "RFC 9112 §4"],
  "after status": ["a space and a reason, or CR LF", "RFC 9112 §4"],
  reason: ["a reason without control characters, ended by CR LF", "RFC 9112 §4"],
  "status line LF": ["LF behind CR", "RFC 9112 §2.2"],
};
const expectationOf = new Map<string | undefined, readonly [string, string]>(Object.entries(expectations));
const versionExpected = {
  request: ["the version HTTP/1.1 and CR LF", "RFC 9112 §2.3"],
  response: ["the version HTTP/1.1", "RFC 9112 §4"],
} as const;
const tlsHint = {
  request: "; it looks like TLS, and this port speaks plain HTTP",
  response: "; it looks like TLS, and the URL says ws: try wss",
} as const;

const states = Object.keys(grammar);
const refused = stateNumber("refused");
const start = stateNumber("start");
const responseStart = stateNumber("response start");
const line = stateNumber("line");
const name = stateNumber("name");
const unsupported = stateNumber("unsupported");
const complete = stateNumber("complete");
const width = classes.length;
const classOf = Uint8Array.from({ length: 256 }, (_, byte) => classes.indexOf(classify(byte)));
const transitions = compile();

/** Whose head it is. */
type Kind = keyof typeof versionExpected;

/** Walks over a head byte by byte, once, whatever the pieces it comes in; keeps only where it stands. */
export class HeadScanner {
  readonly #limits: Pick<Limits, "head" | "headers">;
  readonly #kind: Kind;
  readonly #first: number;
  #state: number;
  #position = 0;
  #lines = 0;
  /** Bytes of the heads before this one. */
  #before = 0;

  constructor(limits: Pick<Limits, "head" | "headers">, kind: Kind = "request") {
    this.#limits = limits;
    this.#kind = kind;
    this.#first = kind === "request" ? start : responseStart;
    this.#state = this.#first;
  }

  /**
   * Begins again, behind a head that has ended, with the next one. The limits hold for all of them together, and each counts
   * as one line at least.
   *
   * @param end where the last head ended; the bytes given from now on start there
   * @throws HandshakeError if the limits are used up
   */
  restart(end: number): void {
    this.#state = this.#first;
    this.#position = 0;
    this.#before += end;
    this.#countLine();
  }

  /**
   * Goes on where the last call stopped.
   *
   * @param bytes all bytes so far of this head, those of earlier calls included
   * @returns where the head ends, just behind its empty line; undefined while that is still to come
   * @throws HandshakeError at the first byte that cannot be right: 400, 505 for another major version, 414 for a request line
   *   and 431 for a header section that go past the limits; in an answer the status is always 0, since nobody is answered
   */
  scan(bytes: Buffer): number | undefined {
    const most = this.#limits.head - this.#before;
    const stop = Math.min(bytes.length, most);
    let state = this.#state;
    for (let at = this.#position; at < stop; at++) {
      const next = transitions[state * width + (classOf[bytes[at] ?? 0] ?? 0)] ?? 0;
      if (next !== state) {
        if (next === refused) throw this.#unexpected(state, bytes, at);
        if (next === name) this.#countLine();
        if (next === complete) return at + 1;
        if (next === unsupported) throw wrongVersion(bytes);
      }
      state = next;
    }
    this.#state = state;
    this.#position = stop;
    if (stop === most) throw this.#tooLong(state);
    return undefined;
  }

  #countLine(): void {
    this.#lines += 1;
    if (this.#lines <= this.#limits.headers) return;
    const message = `the ${this.#kind} has more than ${this.#limits.headers} header lines (limits.headers)${this.#others}`;
    throw this.#failure(message, 431, "RFC 6585 §5");
  }

  #unexpected(state: number, bytes: Buffer, at: number): HandshakeError {
    const byte = bytes[at] ?? 0;
    const [expected, rule] = expectationOf.get(states[state]) ?? versionExpected[this.#kind];
    const found = `0x${byte.toString(16).padStart(2, "0")} at offset ${at}`;
    // RFC 8446 §5.1: a TLS connection begins with a handshake record, type 22, or ends with an alert, type 21.
    const tls = at === 0 && (byte === 22 || byte === 21);
    const message = `bad ${this.#kind} head: expected ${expected}, found ${found}${tls ? tlsHint[this.#kind] : ""}`;
    return this.#failure(message, 400, rule);
  }

  #tooLong(state: number): HandshakeError {
    const [what, status, rule] =
      state < line ? (["line", 414, "RFC 9112 §3"] as const) : (["head", 431, "RFC 6585 §5"] as const);
    const message = `the ${this.#kind} ${what} is over ${this.#limits.head} bytes (limits.head)${this.#others}`;
    return this.#failure(message, status, rule);
  }

  get #others(): string {
    return this.#before === 0 ? "" : ", with the informational answers before it";
  }

  #failure(message: string, status: number, rule: string): HandshakeError {
    return new HandshakeError(message, { status: this.#kind === "request" ? status : 0, rule });
  }
}

function wrongVersion(bytes: Buffer): HandshakeError {
  // RFC 9113 §3.4: how a client greets a server that it believes to speak HTTP/2. It waits for frames, so that no answer
  // in HTTP/1.1 about versions helps it.
  if (bytes.toString("latin1", 0, 6) === "PRI * ") {
    return badRequest("this is the preface of HTTP/2, and this port speaks HTTP/1.1", "RFC 9113 §3.4");
  }
  return new HandshakeError("this port speaks HTTP/1.1", { status: 505, rule: "RFC 9112 §2.3" });
}

// The type parameter makes the compiler check that every state that is gone to exists.
function rows<Name extends string>(
  table: Record<Name, { readonly [what in Group | Class]?: NoInfer<Name> }>,
): Readonly<typeof table> {
  return table;
}

function stateNumber(state: State): number {
  return states.indexOf(state);
}

function classify(byte: number): Class {
  const char = String.fromCharCode(byte);
  if (byte === 0x0d) return "CR";
  if (byte === 0x0a) return "LF";
  if (byte === 0x20) return "SP";
  if (byte === 0x09) return "HTAB";
  if (byte >= 0x80) return "obs-text";
  if (char >= "2" && char <= "9") return "2-9";
  const sign = signs.find((sign) => sign === char);
  if (sign !== undefined) return sign;
  if (isToken(char)) return "tchar";
  return char > " " && char <= "~" ? "vchar" : "other";
}

function compile(): Uint8Array {
  const table = new Uint8Array(states.length * width); // filled with 0, which is "refused"
  const names: readonly string[] = classes;
  for (const [state, row] of Object.entries(grammar)) {
    for (const [what, next] of Object.entries<string>(row)) {
      for (const member of groups.get(what) ?? [what]) {
        table[states.indexOf(state) * width + names.indexOf(member)] = states.indexOf(next);
      }
    }
  }
  return table;
}
