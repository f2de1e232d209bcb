// Every limit and timeout of the library, with its default and its reason, and the one place where they are checked.
import { describe } from "./errors.ts";

/** What may be held or spent for a peer. Bytes unless said otherwise; `Infinity` turns a limit off. */
export interface Limits {
  /** The head of a handshake. 16 KiB: what Node and nginx take. */
  head: number;
  /** Header lines in that head, a count. 100. */
  headers: number;
  /** One message after it is put together and inflated. 1 MiB. */
  message: number;
  /** What a peer can make us keep before it has its answer: bytes that come behind the head of its request. 1 MiB. */
  memory: number;
  /** Messages received and not yet taken (64 bytes are charged beside each one's size); above it the socket is paused. 64 KiB. */
  inbox: number;
  /** Above it `send` returns false and nothing more is delivered until the output has drained. 64 KiB. */
  sendMark: number;
  /** A send that finds more than this waiting ends the connection with 1008. 1 MiB. */
  sendBuffer: number;
  /** Open connections of one server, a count, with the handshakes under way and the sockets that `http` has; the next is answered 503. 65,536. */
  connections: number;
  /** Handshakes under way at one server, a count; the next is answered 503, under TLS reset. 1,024. */
  handshakes: number;
  /** Messages a peer may send per second, a count; more ends the connection with 1008. Infinity. */
  rate: number;
}

/** How long things may take, in milliseconds; `Infinity` turns a timeout off. */
export interface Timeouts {
  /** From accepting a socket to the answer, TLS and the `upgrade` hook included. 10 s. */
  handshake: number;
  /** Between one ping and the next. 25 s: under the half minute at which proxies drop what is idle. */
  keepalive: number;
  /** For the answer to a ping. 10 s. */
  pong: number;
  /** For the closing handshake, from our Close or the peer's. 5 s. */
  close: number;
  /** For output that waits, with no byte of it taken by the peer. 30 s. */
  stalled: number;
  /** From the first byte of a message to its last. Infinity. */
  message: number;
  /** Between one message from the peer and the next. Infinity. */
  idle: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** The limits that hold where nothing else is said. */
export const defaultLimits: Readonly<Limits> = Object.freeze({
  head: 16 * KiB,
  headers: 100,
  message: MiB,
  memory: MiB,
  inbox: 64 * KiB,
  sendMark: 64 * KiB,
  sendBuffer: MiB,
  connections: 65_536,
  handshakes: 1024,
  rate: Number.POSITIVE_INFINITY,
});

/** The timeouts that hold where nothing else is said. */
export const defaultTimeouts: Readonly<Timeouts> = Object.freeze({
  handshake: 10_000,
  keepalive: 25_000,
  pong: 10_000,
  close: 5000,
  stalled: 30_000,
  message: Number.POSITIVE_INFINITY,
  idle: Number.POSITIVE_INFINITY,
});

/**
 * Fills in the defaults and checks what was given.
 *
 * @throws TypeError for a name that is no limit or a value that is no number
 * @throws RangeError for zero, a negative number, NaN, or a fraction (`Infinity` means off; `0` means nothing sensible)
 */
export function resolveLimits(
  given: Partial<Limits> | undefined,
  base: Readonly<Limits> = defaultLimits,
): Limits {
  return resolve("limits", given, base);
}

/** Fills in the defaults and checks what was given; throws as `resolveLimits` does. */
export function resolveTimeouts(
  given: Partial<Timeouts> | undefined,
  base: Readonly<Timeouts> = defaultTimeouts,
): Timeouts {
  return resolve("timeouts", given, base);
}

function resolve<Group extends Limits | Timeouts>(
  group: string,
  given: Partial<Group> | undefined,
  base: Readonly<Group>,
): Group {
  if (given !== undefined && (typeof given !== "object" || given === null)) {
    throw new TypeError(`${group} must be an object, not ${describe(given)}`);
  }
  const resolved = { ...base };
  for (const [name, value] of Object.entries(given ?? {})) {
    if (!Object.hasOwn(base, name)) {
      throw new TypeError(`${group}.${name} does not exist; there are ${Object.keys(base).join(", ")}`);
    }
    if (value !== undefined) Object.assign(resolved, { [name]: checked(`${group}.${name}`, value) });
  }
  return resolved;
}

function checked(name: string, value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value > 0)) return value;
  throw new RangeError(`${name} must be a whole number above 0, or Infinity for no limit, not ${value}`);
}
