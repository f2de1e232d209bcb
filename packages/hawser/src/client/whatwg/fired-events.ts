// The events that we fire ourselves: those of the platform, but trusted (DOM standard §2.10) and named as in browsers.
import { CloseEvent } from "./close-event.ts";
import type { FailureEvent } from "./websocket-events.ts";

// Node's events say that they are not trusted, and give nobody a way to say otherwise; its MessageEvent calls itself "Event".
// A prototype between them and their class costs nothing per event, as properties of their own would (0.16 µs each).

class FiredEvent extends Event {
  static {
    disguise(FiredEvent, Event, "Event");
  }
}

// The declarations of MessageEvent allow no `extends`.
const PlatformMessageEvent: new (type: string, init: { data: unknown; origin: string }) => MessageEvent =
  MessageEvent;

class FiredMessageEvent extends PlatformMessageEvent {
  static {
    disguise(FiredMessageEvent, MessageEvent, "MessageEvent");
  }
}

class FiredCloseEvent extends CloseEvent {
  static {
    disguise(FiredCloseEvent, CloseEvent, "CloseEvent");
  }
}

function disguise(made: { readonly prototype: object }, of: object, name: string): void {
  Object.defineProperties(made.prototype, {
    constructor: { value: of },
    isTrusted: { get: () => true, enumerable: true },
    [Symbol.toStringTag]: { value: name, configurable: true },
  });
}

class FiredFailureEvent extends Event implements FailureEvent {
  static {
    disguise(FiredFailureEvent, Event, "Event");
  }

  readonly #cause: unknown;

  constructor(cause: unknown) {
    super("error");
    this.#cause = cause;
  }

  get cause(): unknown {
    return this.#cause;
  }
}

/** The connection is open. */
export function openEvent(): Event {
  return new FiredEvent("open");
}

/** The connection failed. */
export function failureEvent(cause: unknown): FailureEvent {
  return new FiredFailureEvent(cause);
}

/** A message, and the origin of the URL that it came from. */
export function messageEvent(data: unknown, origin: string): MessageEvent {
  return new FiredMessageEvent("message", { data, origin });
}

/** How the connection closed. */
export function closeEvent(init: { wasClean: boolean; code: number; reason: string }): CloseEvent {
  return new FiredCloseEvent("close", init);
}
