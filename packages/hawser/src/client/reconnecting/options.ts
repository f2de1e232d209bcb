// The options of reconnecting: filled in and checked once.
import type { Connection, Message } from "../../connection/connection.ts";
import type { HeaderFields } from "../../handshake/header-fields.ts";
import { printOffer } from "../../handshake/offer.ts";
import { parseWebSocketUrl } from "../../handshake/url.ts";
import type { Clock } from "../../transport/clock.ts";
import { handshakeKey, randomness } from "../../transport/randomness.ts";
import { describe } from "../../wire/errors.ts";
import type { Framing } from "../../wire/framing.ts";
import { framingOf } from "../../wire/legacy/framings.ts";
import { checkNames } from "../../wire/options.ts";
import type { Kind } from "../../wire/wire.ts";
import type { ConnectOptions } from "../options.ts";
import { resolveConnect } from "../options.ts";
import type { BackoffOptions } from "./backoff.ts";
import type { AttemptEnd } from "./outcome.ts";
import type { QueueOptions } from "./unsent-queue.ts";

/** A value, or a function that gives it or the promise of it: called before each attempt, with its number, from 1 after each connection that lasted. */
type PerAttempt<Value> = Value | ((attempt: number) => Value | PromiseLike<Value>);

/** Where to connect to. */
export type ReconnectingUrl = PerAttempt<string | URL>;

/** What a connection receives, by its option `accepts`. */
export type ReceivedWith<Accepts extends Kind> = Kind extends Accepts
  ? Message
  : Accepts extends "text"
    ? string
    : Uint8Array;

/** Options of `reconnecting`: those of `connect`, for every connection, and its own. */
export interface ReconnectingOptions<Accepts extends Kind = Kind, State = undefined>
  extends Omit<ConnectOptions<Accepts, State>, "headers" | "signal"> {
  /** Lines for the request, beside the handshake's own. A function is asked before each attempt: for a fresh token. */
  readonly headers?: PerAttempt<HeaderFields | undefined>;
  /** Ends it all: the attempt or the wait under way, and a connection that is open is dropped. */
  readonly signal?: AbortSignal | undefined;
  readonly backoff?: Partial<BackoffOptions> | undefined;
  /** What may wait to be sent. */
  readonly queue?: Partial<QueueOptions> | undefined;
  /** How many attempts in a row may fail. A connection that lasted starts the count anew. Default Infinity. */
  readonly attempts?: number | undefined;
  /**
   * Whether to try again after this end; undefined leaves it to the library. `failed` is the number of attempts in a row that
   * have failed, this one included; 0 after a connection that lasted. Not asked after `close()` and after an abort; what it
   * throws ends it all.
   */
  readonly retry?: ((end: AttemptEnd, failed: number) => boolean | undefined) | undefined;
  /**
   * Called with each new connection: to log in, to subscribe again. What it returns is awaited; messages that come and those
   * that are queued wait meanwhile. What it throws closes the connection with 1011 and ends it all, unless `retry` says otherwise.
   */
  readonly onOpen?: ((ws: Connection<ReceivedWith<Accepts>, State>) => unknown) | undefined;
}

/** Makes one connection. */
type Dial<Received extends Message, State> = (
  url: string | URL,
  headers: HeaderFields | undefined,
  signal: AbortSignal,
) => Promise<Connection<Received, State>>;

/** The options, whole. */
export interface Plan<Received extends Message, State> {
  readonly url: (attempt: number) => string | URL | PromiseLike<string | URL>;
  readonly headers: (attempt: number) => HeaderFields | undefined | PromiseLike<HeaderFields | undefined>;
  readonly dial: Dial<Received, State>;
  readonly backoff: BackoffOptions;
  readonly queue: QueueOptions;
  readonly attempts: number;
  readonly retry: (end: AttemptEnd, failed: number) => boolean | undefined;
  /** Declared as a method is, so that a client for narrower messages is one for wider ones too. */
  onOpen(ws: Connection<Received, State>): unknown;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** `timeouts.handshake`, which holds for `url` and `headers` together as well. */
  readonly patience: number;
  /** `limits.sendBuffer` of each connection. */
  readonly sendBuffer: number;
  /** What each connection can carry. */
  readonly framing: Pick<Framing, "version" | "can" | "checkClose">;
}

/** `connect`, or what stands for it in a test. */
export type Connect = <Accepts extends Kind, State>(
  url: string | URL,
  options: ConnectOptions<Accepts, State>,
) => Promise<Connection<ReceivedWith<Accepts>, State>>;

const defaultBackoff: BackoffOptions = { initial: 1000, max: 30_000, factor: 2 };
const defaultQueue: QueueOptions = { messages: 1000, bytes: 1024 * 1024, expiry: 30_000 };

/** Every option of `connect`, and each once: the compiler says when one is missing. */
const connectNames: Readonly<Record<keyof ConnectOptions, true>> = {
  subprotocols: true,
  headers: true,
  accepts: true,
  limits: true,
  timeouts: true,
  coupled: true,
  compression: true,
  version: true,
  lenient: true,
  state: true,
  signal: true,
  tls: true,
  network: true,
  redirects: true,
  proxy: true,
  createConnection: true,
  clock: true,
};
const ownNames = ["backoff", "queue", "attempts", "retry", "onOpen"];

/** @throws TypeError or RangeError for what is wrong, naming the option and what is allowed */
export function resolvePlan<Accepts extends Kind, State>(
  connect: Connect,
  url: ReconnectingUrl,
  options: ReconnectingOptions<Accepts, State>,
): Plan<ReceivedWith<Accepts>, State> {
  checkNames("reconnecting()", options, [...Object.keys(connectNames), ...ownNames]);
  const { backoff, queue, attempts, retry, onOpen, headers, signal, ...passed } = options;
  const fixed = typeof headers === "function" ? undefined : headers;
  const settings = resolveConnect({ ...passed, headers: fixed, signal });
  // What is wrong with the request is said now, where it will be the same at every attempt.
  const place = parseWebSocketUrl(typeof url === "function" ? "ws://localhost/" : url);
  printOffer({ ...settings, url: place, key: handshakeKey(), randomness });
  checkFunction("retry", retry);
  checkFunction("onOpen", onOpen);
  return {
    url: typeof url === "function" ? url : () => url,
    headers: typeof headers === "function" ? headers : () => headers,
    dial: (to, lines, stop) => connect<Accepts, State>(to, { ...passed, headers: lines, signal: stop }),
    backoff: resolveBackoff(backoff),
    queue: resolveQueue(queue),
    attempts: attempts === undefined ? Number.POSITIVE_INFINITY : checkCount("attempts", attempts, 1),
    retry: retry ?? (() => undefined),
    onOpen: onOpen ?? (() => undefined),
    clock: settings.clock,
    signal,
    patience: settings.timeouts.handshake,
    sendBuffer: settings.limits.sendBuffer,
    // The keys of hybi-04 are those of one connection, and no matter here: nothing is framed.
    framing: framingOf(settings.version, () => new Uint8Array(0)),
  };
}

function resolveBackoff(given: Partial<BackoffOptions> | undefined): BackoffOptions {
  checkNames("backoff", given, ["initial", "max", "factor"]);
  const initial = checkPositive("backoff.initial", given?.initial ?? defaultBackoff.initial);
  const max = checkPositive("backoff.max", given?.max ?? Math.max(initial, defaultBackoff.max));
  const factor = checkPositive("backoff.factor", given?.factor ?? defaultBackoff.factor);
  if (max < initial)
    throw new RangeError(`backoff.max must be at least backoff.initial, ${initial}, not ${max}`);
  if (factor < 1) throw new RangeError(`backoff.factor must be at least 1, not ${factor}`);
  return { initial, max, factor };
}

function resolveQueue(given: Partial<QueueOptions> | undefined): QueueOptions {
  checkNames("queue", given, ["messages", "bytes", "expiry"]);
  return {
    messages: checkCount("queue.messages", given?.messages ?? defaultQueue.messages, 0),
    bytes: checkCount("queue.bytes", given?.bytes ?? defaultQueue.bytes, 1),
    expiry: checkCount("queue.expiry", given?.expiry ?? defaultQueue.expiry, 1),
  };
}

function checkFunction(name: string, given: unknown): void {
  if (given === undefined || typeof given === "function") return;
  throw new TypeError(`${name} must be a function, not ${describe(given)}`);
}

function checkPositive(name: string, given: unknown): number {
  if (typeof given !== "number") throw new TypeError(`${name} must be a number, not ${describe(given)}`);
  if (given > 0 && given < Number.POSITIVE_INFINITY) return given;
  throw new RangeError(`${name} must be a finite number above 0, not ${given}`);
}

function checkCount(name: string, given: unknown, least: number): number {
  if (typeof given !== "number") throw new TypeError(`${name} must be a number, not ${describe(given)}`);
  if (given === Number.POSITIVE_INFINITY || (Number.isSafeInteger(given) && given >= least)) return given;
  throw new RangeError(
    `${name} must be a whole number from ${least}, or Infinity for no limit, not ${given}`,
  );
}
