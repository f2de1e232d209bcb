// The error classes of the library, and the one table that turns a violation of the protocol into a close code.
//
//   HawserError             everything below; `code` is stable, `rule` names the rule that was broken
//   ├─ ProtocolError        the peer broke the framing rules of its version
//   ├─ LimitError           the peer, or our own output to it, went past a limit or a timeout
//   ├─ UnsupportedError     the application asked for what this wire version cannot carry
//   ├─ HandshakeError       the opening handshake failed (handshake/handshake-error.ts)
//   └─ ConnectionClosedError  the connection ended where the application waited for more (connection/closed-error.ts)

/** What every error of this library has in common. */
export abstract class HawserError extends Error {
  /** Stable across releases: `ERR_HAWSER_…`. */
  abstract readonly code: `ERR_HAWSER_${string}`;
  /** The rule that was broken, as "RFC 6455 §5.5"; absent where no document has one. */
  readonly rule: string | undefined;

  constructor(message: string, options: { rule?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.rule = options.rule;
  }
}

/** One row of the table. */
export interface ViolationRow {
  readonly closeCode: number;
  readonly rule: string;
  readonly text: string;
}

/** Every way a peer can break the framing rules, by name. */
export type Violation =
  | "reserved-bits"
  | "reserved-opcode"
  | "not-masked"
  | "masked"
  | "length-not-minimal"
  | "length-top-bit"
  | "length-endless"
  | "control-fragmented"
  | "control-too-long"
  | "unexpected-continuation"
  | "expected-continuation"
  | "close-truncated"
  | "close-code"
  | "invalid-utf8"
  | "invalid-deflate"
  | "unaccepted-kind";

/** Every way a peer can break the framing rules, with the close code it earns (RFC 6455 §7.4.1). */
export const violations: Readonly<Record<Violation, ViolationRow>> = {
  "reserved-bits": { closeCode: 1002, rule: "RFC 6455 §5.2", text: "a reserved bit is set" },
  "reserved-opcode": { closeCode: 1002, rule: "RFC 6455 §5.2", text: "the opcode is reserved" },
  "not-masked": { closeCode: 1002, rule: "RFC 6455 §5.1", text: "a client must mask its frames" },
  masked: { closeCode: 1002, rule: "RFC 6455 §5.1", text: "a server must not mask its frames" },
  "length-not-minimal": {
    closeCode: 1002,
    rule: "RFC 6455 §5.2",
    text: "the length is not in its shortest form",
  },
  "length-top-bit": { closeCode: 1002, rule: "RFC 6455 §5.2", text: "the top bit of a 64-bit length is set" },
  "length-endless": {
    closeCode: 1002,
    rule: "draft-hixie-thewebsocketprotocol-76",
    text: "a length has more digits than a number can hold",
  },
  "control-fragmented": { closeCode: 1002, rule: "RFC 6455 §5.5", text: "a control frame is fragmented" },
  "control-too-long": { closeCode: 1002, rule: "RFC 6455 §5.5", text: "a control frame is over 125 bytes" },
  "unexpected-continuation": {
    closeCode: 1002,
    rule: "RFC 6455 §5.4",
    text: "a continuation continues nothing",
  },
  "expected-continuation": {
    closeCode: 1002,
    rule: "RFC 6455 §5.4",
    text: "a new message starts before the last one has ended",
  },
  "close-truncated": {
    closeCode: 1002,
    rule: "RFC 6455 §5.5.1",
    text: "a close frame has a body of one byte",
  },
  "close-code": { closeCode: 1002, rule: "RFC 6455 §7.4", text: "the close code may not be sent" },
  "invalid-utf8": { closeCode: 1007, rule: "RFC 6455 §8.1", text: "text is not valid UTF-8" },
  "invalid-deflate": {
    closeCode: 1007,
    rule: "RFC 7692 §7.2.2",
    text: "a compressed message cannot be inflated",
  },
  "unaccepted-kind": {
    closeCode: 1003,
    rule: "RFC 6455 §7.4.1",
    text: "this kind of message is not accepted",
  },
};

/** The peer broke the framing rules. The connection ends with `closeCode`; never thrown into an application. */
export class ProtocolError extends HawserError {
  readonly code = "ERR_HAWSER_PROTOCOL";
  /** Which rule, by name: a key of `violations`. */
  readonly violation: Violation;
  /** What the closing frame to the peer says. */
  readonly closeCode: number;

  constructor(violation: Violation, detail?: string) {
    const row = violations[violation];
    super(detail === undefined ? row.text : `${row.text}: ${detail}`, { rule: row.rule });
    this.violation = violation;
    this.closeCode = row.closeCode;
  }
}

/** A limit or a timeout was passed. The connection ends with `closeCode`. */
export class LimitError extends HawserError {
  readonly code = "ERR_HAWSER_LIMIT";
  /** The option that set the limit, as `limits.message` or `timeouts.pong`. */
  readonly limit: string;
  /** What the closing frame to the peer says. */
  readonly closeCode: number;

  constructor(limit: string, closeCode: number, message: string) {
    super(message, { rule: closeCode === 1009 ? "RFC 6455 §7.4.1" : undefined });
    this.limit = limit;
    this.closeCode = closeCode;
  }
}

/** The application asked for something that the connection's wire version has no form for. Thrown at the call. */
export class UnsupportedError extends HawserError {
  readonly code = "ERR_HAWSER_UNSUPPORTED";
}

/** Whether something that was thrown is an Error. Never throws itself: what an application throws may answer any question by throwing. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/**
 * Puts a value that was refused into the text of an error: short, quoted, with its type.
 *
 * @param value whatever the application gave
 * @returns for example `the string "abc"`, `the number 7`, `null`
 */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string")
    return `the string ${JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value)}`;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return `the ${typeof value} ${value}`;
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  // Data may have a `constructor` of its own, which need not be a class.
  const maker: unknown = value instanceof Object ? value.constructor : undefined;
  return typeof maker === "function" && maker !== Object ? `an instance of ${maker.name}` : "an object";
}
