// Event handler attributes, as `onmessage` (HTML standard §8.1.8.1).
import { isObject } from "./web-idl.ts";

/** Where listeners are added and removed. */
export interface ListenerTarget<Fired extends Event> {
  addEventListener(type: string, listener: (event: Fired) => void): void;
  removeEventListener(type: string, listener: (event: Fired) => void): void;
}

/**
 * What may be set. An object that cannot be called is kept, and never called.
 *
 * (`this` is the WebSocket. To declare that would only keep ours from being taken for one of the DOM's.)
 */
export type WebSocketEventHandler<Fired> = ((event: Fired) => unknown) | null;

/** One attribute of one object. Its place among the listeners is that of when it was set first, until it is set to null. */
export class EventHandler<Fired extends Event> {
  readonly #target: ListenerTarget<Fired>;
  readonly #type: string;
  #value: WebSocketEventHandler<Fired> = null;
  #listener: ((event: Fired) => void) | undefined;

  constructor(target: ListenerTarget<Fired>, type: string) {
    this.#target = target;
    this.#type = type;
  }

  get value(): WebSocketEventHandler<Fired> {
    return this.#value;
  }

  /** [LegacyTreatNonObjectAsNull]: whatever is no object is null. */
  set value(given: WebSocketEventHandler<Fired>) {
    this.#value = isObject(given) ? given : null;
    if (this.#value === null) this.#deactivate();
    else this.#activate();
  }

  #activate(): void {
    if (this.#listener !== undefined) return;
    this.#listener = (event) => this.#run(event);
    this.#target.addEventListener(this.#type, this.#listener);
  }

  #deactivate(): void {
    if (this.#listener === undefined) return;
    this.#target.removeEventListener(this.#type, this.#listener);
    this.#listener = undefined;
  }

  #run(event: Fired): void {
    if (typeof this.#value !== "function") return;
    // "If return value is false, then set event's canceled flag": to be seen only on an event that can be canceled.
    if (this.#value.call(this.#target, event) === false) event.preventDefault();
  }
}
