// Messages by promise: what `receive`, `for await` and `messages()` take out of the inbox.
//
// Plain promises instead of async functions: each of those would cost every message a turn of the microtask queue, and every
// idle connection that is iterated some hundred bytes of frames that wait.
import { onAbort } from "../transport/abort-listening.ts";
import type { CloseReport } from "./close-report.ts";
import { isNormal } from "./close-report.ts";
import { ConnectionClosedError } from "./closed-error.ts";
import type { Inbox, Item, Waiter } from "./inbox.ts";

/** Where messages are taken from. */
export interface MessageSource {
  readonly inbox: Inbox;
  /** How it ended, once it has. */
  readonly report: CloseReport | undefined;
}

/** An item that is a message, or undefined. Throws for a piece of one. */
export type AsMessage<Received> = (item: Item) => Received;

/** The next item, or undefined after the end. Rejects with the signal's reason, and nothing else. */
export function nextItem(source: MessageSource, signal: AbortSignal | undefined): Promise<Item | undefined> {
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const item = source.inbox.take();
  if (item !== undefined) return Promise.resolve(item);
  return new Promise((resolve, reject) => {
    const waiter = new ItemWaiter(resolve);
    if (signal !== undefined) {
      waiter.ignore = onAbort(signal, () => {
        source.inbox.stopWaiting(waiter);
        reject(signal.reason);
      });
    }
    source.inbox.wait(waiter);
  });
}

class ItemWaiter implements Waiter {
  readonly #resolve: (item: Item | undefined) => void;
  /** Takes the listener off the signal. */
  ignore: (() => void) | undefined;

  constructor(resolve: (item: Item | undefined) => void) {
    this.#resolve = resolve;
  }

  arrived(item: Item | undefined): void {
    this.ignore?.();
    this.#resolve(item);
  }
}

/**
 * The next item, or undefined after a normal end. Rejects with ConnectionClosedError after any other.
 *
 * @param within in the middle of a message, where no end is a normal one
 */
export async function nextOrThrow(source: MessageSource, within: boolean): Promise<Item | undefined> {
  const item = await nextItem(source, undefined);
  if (item === undefined) throwUnlessNormal(source, within);
  return item;
}

function throwUnlessNormal({ report }: MessageSource, within: boolean): void {
  if (report !== undefined && (within || !isNormal(report))) throw new ConnectionClosedError(report);
}

/** Iterates over the messages of one connection. */
export class MessageIterator<Received> implements AsyncIterator<Received, undefined, undefined> {
  readonly #source: MessageSource;
  readonly #asMessage: AsMessage<Received>;

  constructor(source: MessageSource, asMessage: AsMessage<Received>) {
    this.#source = source;
    this.#asMessage = asMessage;
  }

  next(): Promise<IteratorResult<Received, undefined>> {
    const item = this.#source.inbox.take();
    if (item !== undefined) return this.#have(item);
    const waiter = new ResultWaiter(this.#source, this.#asMessage);
    this.#source.inbox.wait(waiter);
    return waiter.result;
  }

  /** For what is there already: most messages are. */
  async #have(item: Item): Promise<IteratorResult<Received, undefined>> {
    return { done: false, value: this.#asMessage(item) };
  }

  /** Leaving the loop does not close. */
  return(): Promise<IteratorResult<Received, undefined>> {
    return Promise.resolve({ done: true, value: undefined });
  }
}

class ResultWaiter<Received> implements Waiter {
  readonly result: Promise<IteratorResult<Received, undefined>>;
  readonly #source: MessageSource;
  readonly #asMessage: AsMessage<Received>;
  #resolve: ((result: IteratorResult<Received, undefined>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(source: MessageSource, asMessage: AsMessage<Received>) {
    this.#source = source;
    this.#asMessage = asMessage;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  arrived(item: Item | undefined): void {
    try {
      this.#resolve?.(this.#resultOf(item));
    } catch (error) {
      this.#reject?.(error);
      // A peer that goes away must not become an unhandled rejection of whoever has not come to await this yet.
      this.result.catch(() => undefined);
    }
  }

  #resultOf(item: Item | undefined): IteratorResult<Received, undefined> {
    if (item !== undefined) return { done: false, value: this.#asMessage(item) };
    throwUnlessNormal(this.#source, false);
    return { done: true, value: undefined };
  }
}
