// The events of a WebSocket, and EventTarget as TypeScript should see it in one: a listener by its type of event.
import type { CloseEvent } from "./close-event.ts";

/** Tells that a connection failed: to the standard a plain Event, which says no more. */
export interface FailureEvent extends Event {
  /** Beyond the standard: the error behind it, if it is known. A `HandshakeError` before the connection was open. */
  readonly cause?: unknown;
}

/** What is fired at a WebSocket, by name. */
export interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: FailureEvent;
  close: CloseEvent;
}

/** What `addEventListener` takes beside the listener. */
export interface ListenerOptions {
  readonly capture?: boolean;
  readonly once?: boolean;
  readonly passive?: boolean;
  readonly signal?: AbortSignal;
}

/** A listener of any event. */
export type AnyListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** An EventTarget that knows which events come. */
export interface WebSocketEventTarget extends EventTarget {
  addEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: (this: this, event: WebSocketEventMap[Type]) => unknown,
    options?: ListenerOptions | boolean,
  ): void;
  addEventListener(type: string, listener: AnyListener, options?: ListenerOptions | boolean): void;
  removeEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: (this: this, event: WebSocketEventMap[Type]) => unknown,
    options?: ListenerOptions | boolean,
  ): void;
  removeEventListener(type: string, listener: AnyListener, options?: ListenerOptions | boolean): void;
}

/** EventTarget itself; only its type is ours. */
export const WebSocketEventTarget: new () => WebSocketEventTarget = EventTarget;
