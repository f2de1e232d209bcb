// Calls: what is done with a connection by its name, here or by way of the channel to where it lives.
import { deserialize, serialize } from "node:v8";
import { type Sendable, sendable } from "../connection/bytes.ts";
import { namedConnection } from "../connection/ids.ts";
import { describe, isError, LimitError } from "../wire/errors.ts";
import { checkClose } from "../wire/rfc6455/close-code.ts";
import type { Answer, Asked, Call } from "./messages.ts";

/** So many calls, and so many bytes of them, may be under way to one process: whoever does not await them is told so. */
const MOST_CALLS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
/** What a call weighs beside its data. */
const OVERHEAD = 256;

/** Calls, checked and in the form that can travel. What is wrong throws where it is said. */
export const calls = {
  /** @throws TypeError for what is no message */
  send: (id: string, data: Sendable): Call => ({ type: "send", id: checkId(id), data: sendable(data) }),
  /** @throws what v8.serialize throws for a value that cannot be cloned */
  notify: (id: string, value: unknown): Call => ({
    type: "notify",
    id: checkId(id),
    value: serialize(value),
  }),
  /** @throws TypeError or RangeError for what may not be sent */
  close(id: string, code: number, reason: string): Call {
    checkClose(code, reason);
    return { type: "close", id: checkId(id), code, reason };
  },
};

function checkId(id: unknown): string {
  if (typeof id === "string") return id;
  throw new TypeError(`a connection is named by its id, a string, not ${typeof id}`);
}

/** Does it here. Returns whether the connection was there, open. */
export function perform(call: Call): boolean {
  const connection = namedConnection(call.id);
  if (connection?.phase !== "open") return false;
  switch (call.type) {
    case "send":
      connection.send(call.data);
      return true;
    case "notify":
      return connection.notify(deserialize(call.value));
    case "close":
      void connection.close(call.code, call.reason);
      return true;
    default:
      return call satisfies never;
  }
}

/** Does what another process asked for. */
export function answerTo({ number, call }: Asked): Answer {
  try {
    return { hawser: "answer", number, found: perform(call) };
  } catch (error) {
    return failed(number, error);
  }
}

/** The answer that says what was thrown. */
export function failed(number: number, error: unknown): Answer {
  const text = isError(error) ? error.message : describe(error);
  return { hawser: "answer", number, found: false, error: text, limited: error instanceof LimitError };
}

interface Waiting {
  readonly weight: number;
  resolve(found: boolean): void;
  reject(error: Error): void;
}

/** Calls that were sent elsewhere and wait for their answer. */
export class CallsUnderWay {
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #bytes = 0;

  /**
   * A call with a number, and the promise of its answer.
   *
   * @throws LimitError if too many are under way
   */
  begin(call: Call): { readonly asked: Asked; readonly answer: Promise<boolean> } {
    const weight = weightOf(call);
    if (this.#waiting.size >= MOST_CALLS || (this.#bytes > 0 && this.#bytes + weight > MOST_BYTES)) {
      throw tooMany(
        `no more than ${MOST_CALLS} calls, or ${MOST_BYTES} bytes of them, may be under way to a process: await them`,
      );
    }
    this.#count += 1;
    this.#bytes += weight;
    const number = this.#count;
    const answer = new Promise<boolean>((resolve, reject) => {
      this.#waiting.set(number, { weight, resolve, reject });
    });
    return { asked: { hawser: "call", number, call }, answer };
  }

  answered({ number, found, error, limited }: Answer): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    this.#waiting.delete(number);
    this.#bytes -= waiting.weight;
    if (error === undefined) waiting.resolve(found);
    else waiting.reject(limited === true ? tooMany(error) : new Error(error));
  }

  /** Nobody is left to answer. */
  abandon(): void {
    for (const number of this.#waiting.keys()) this.answered({ hawser: "answer", number, found: false });
  }
}

function tooMany(message: string): LimitError {
  return new LimitError("calls", 1013, message);
}

function weightOf(call: Call): number {
  if (call.type === "close") return OVERHEAD;
  const { length } = call.type === "send" ? call.data : call.value;
  return OVERHEAD + length;
}
