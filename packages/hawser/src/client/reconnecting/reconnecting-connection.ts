// ReconnectingConnection: what users hold. One connection after another, used as one.
import type { Sendable } from "../../connection/bytes.ts";
import type { Connection, Message } from "../../connection/connection.ts";
import type { SendOptions } from "../../connection/send-options.ts";
import { checkNames } from "../../wire/options.ts";
import { Course } from "./course.ts";
import type { Plan } from "./options.ts";
import type { ReconnectingReport, ReconnectingState } from "./outcome.ts";

/**
 * A connection that is made again when it ends and trying again makes sense.
 *
 * Each message is sent once at most: what a connection took and did not deliver before it was lost is not sent again. What the
 * server sends while there is no connection is missed.
 *
 * @typeParam Received narrower than `Message` where `accepts` says so
 * @typeParam State the application's own, as `state` of each connection
 */
export class ReconnectingConnection<Received extends Message = Message, State = unknown>
  implements AsyncIterable<Received>
{
  readonly #course: Course<Received, State>;

  /** @internal Not for applications: `reconnecting` makes them. */
  constructor(plan: Plan<Received, State>, random: () => number) {
    this.#course = new Course(plan, random);
  }

  /** Where it stands. */
  get state(): ReconnectingState {
    return this.#course.states.current;
  }

  /**
   * The state now, and each new one; ends after "closed". Made to be shown: who is slow gets the newest, and misses what was in
   * between.
   */
  states(): AsyncIterable<ReconnectingState> {
    return this.#course.states.follow();
  }

  /** The connection that is open, once `onOpen` is done with it; undefined while there is none. */
  get connection(): Connection<Received, State> | undefined {
    return this.#course.connection;
  }

  /** The report, when no more attempts are made. Never rejects. */
  get closed(): Promise<ReconnectingReport> {
    return this.#course.closed;
  }

  /**
   * Sends one message: a string as text, bytes in any form as binary. While no connection is open, or more than
   * `limits.sendMark` waits in it, the message waits in the queue; a copy of it, if it is bytes.
   *
   * @returns true if it was taken; false, and the report counts it, when the queue is full (wait for `drain`) or all is over
   * @throws TypeError for what is no message, and for wrong options; UnsupportedError for bytes in a version without binary
   */
  send(data: Sendable, options?: SendOptions): boolean {
    return this.#course.outbox.send(data, options);
  }

  /**
   * Resolves with true when nothing waits in the queue, and a message of any size would be taken; with false once nothing more
   * will be sent. With `queue.messages: 0` that is when a connection is open, and no more than `limits.sendMark` waits in it.
   */
  drain(): Promise<boolean> {
    return this.#course.outbox.drain();
  }

  /**
   * The next message, of whichever connection; undefined once no more attempts are made and all was taken.
   *
   * @param options.signal gives up waiting; no message is lost by that
   * @throws (rejects with) the signal's reason
   */
  async receive(options?: { signal?: AbortSignal | undefined }): Promise<Received | undefined> {
    if (options !== undefined) checkNames("receive()", options, ["signal"]);
    return this.#course.relay.next(options?.signal);
  }

  /**
   * Messages of all connections, until the last one. Ends when we have closed, and when the server has closed with 1000 or without
   * a code; leaving the loop does not close.
   *
   * @throws GaveUpError when no more attempts are made for another reason; the reason of the `signal` option
   */
  [Symbol.asyncIterator](): AsyncIterator<Received, undefined, undefined> {
    return {
      next: async () => {
        const value = await this.#course.relay.next(undefined);
        if (value !== undefined) return { done: false, value };
        const { report } = this.#course;
        if (report === undefined || report.cause === "close" || report.cause === "end")
          return { done: true, value: undefined };
        return Promise.reject(report.error);
      },
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  /**
   * Ends it: no more attempts. A connection that is open is closed, and what waits in the queue goes out first, as far as
   * `limits.sendBuffer` allows.
   *
   * @param code 1000 (the default) to 1003, 1007 to 1014, 3000 to 4999
   * @param reason at most 123 bytes of UTF-8
   * @returns the report, at most `timeouts.close` later
   * @throws TypeError or RangeError for another code or reason, UnsupportedError for one that the version cannot carry, at once
   */
  close(code = 1000, reason = ""): Promise<ReconnectingReport> {
    this.#course.close(code, reason);
    return this.closed;
  }

  /** Closes with 1000. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
