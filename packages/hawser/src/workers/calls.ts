// Calls: what is done with a connection by its name, here or by way of the channel to where it lives.
import { namedConnection } from "../connection/ids.ts";
import { LimitError } from "../wire/errors.ts";
import type { Answer, Call } from "./messages.ts";

/** So many calls may be under way from one process: whoever does not await them is told so. */
const MOST_UNDER_WAY = 10_000;

/** Does it here. Returns whether the connection was there, open. */
export function perform(call: Call): boolean {
  const connection = namedConnection(call.id);
  if (connection?.phase !== "open") return false;
  switch (call.type) {
    case "send":
      connection.send(call.data);
      return true;
    case "notify":
      return connection.notify(call.value);
    case "close":
      void connection.close(call.code, call.reason);
      return true;
    default:
      return call satisfies never;
  }
}

/** Does what another process asked for. */
export function answerTo(number: number, call: Call): Answer {
  try {
    return { type: "answer", number, found: perform(call) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { type: "answer", number, found: false, error: text };
  }
}

interface Waiting {
  readonly to: unknown;
  resolve(found: boolean): void;
  reject(error: Error): void;
}

/** Calls that were sent elsewhere and wait for their answer. */
export class CallsUnderWay {
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  /**
   * A number for a call, and the promise of its answer.
   *
   * @param to who is asked
   * @throws LimitError if too many are under way
   */
  begin(to?: unknown): { readonly number: number; readonly answer: Promise<boolean> } {
    if (this.#waiting.size >= MOST_UNDER_WAY) {
      throw new LimitError(
        "calls",
        1013,
        `${MOST_UNDER_WAY} calls to other members are under way: await them`,
      );
    }
    this.#count += 1;
    const number = this.#count;
    const answer = new Promise<boolean>((resolve, reject) => {
      this.#waiting.set(number, { to, resolve, reject });
    });
    return { number, answer };
  }

  answered({ number, found, error }: Answer): void {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (error === undefined) waiting?.resolve(found);
    else waiting?.reject(new Error(error));
  }

  /** Nobody is left to answer, or this one is not. */
  abandon(to?: unknown): void {
    for (const [number, waiting] of this.#waiting) {
      if (to === undefined || waiting.to === to) this.answered({ type: "answer", number, found: false });
    }
  }
}
