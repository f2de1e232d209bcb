// Calls: what is done with a connection by its name, here or by way of the channel to where it lives.
import { deserialize, serialize } from "node:v8";
import { type Sendable, sendable } from "../connection/bytes.ts";
import { namedConnection } from "../connection/ids.ts";
import { LimitError } from "../wire/errors.ts";
import { checkClose } from "../wire/rfc6455/close-code.ts";
import type { Answer, Asked, Call } from "./messages.ts";

/** So many calls, and so many bytes of them, may be under way from one process: whoever does not await them is told so. */
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
    const text = error instanceof Error ? error.message : String(error);
    return { hawser: "answer", number, found: false, error: text };
  }
}

interface Waiting {
  readonly to: unknown;
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
   * @param to who is asked
   * @throws LimitError if too many are under way
   */
  begin(call: Call, to?: unknown): { readonly asked: Asked; readonly answer: Promise<boolean> } {
    const weight = weightOf(call);
    if (this.#waiting.size >= MOST_CALLS || (this.#bytes > 0 && this.#bytes + weight > MOST_BYTES)) {
      const most = `${MOST_CALLS} calls or ${MOST_BYTES} bytes of them`;
      throw new LimitError(
        "calls",
        1013,
        `no more than ${most} may be under way to other processes: await them`,
      );
    }
    this.#count += 1;
    this.#bytes += weight;
    const number = this.#count;
    const answer = new Promise<boolean>((resolve, reject) => {
      this.#waiting.set(number, { to, weight, resolve, reject });
    });
    return { asked: { hawser: "call", number, call }, answer };
  }

  answered({ number, found, error }: Answer): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    this.#waiting.delete(number);
    this.#bytes -= waiting.weight;
    if (error === undefined) waiting.resolve(found);
    else waiting.reject(new Error(error));
  }

  /** Nobody is left to answer, or this one is not. */
  abandon(to?: unknown): void {
    for (const [number, waiting] of this.#waiting) {
      if (to === undefined || waiting.to === to) this.answered({ hawser: "answer", number, found: false });
    }
  }
}

function weightOf(call: Call): number {
  if (call.type === "close") return OVERHEAD;
  const { length } = call.type === "send" ? call.data : call.value;
  return OVERHEAD + length;
}
