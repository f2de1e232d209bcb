// CloseEvent (WebSockets standard §6): the platform's own where there is one, ours elsewhere.
import { platformCloseEvent } from "./environment.ts";
import {
  dictionary,
  domString,
  member,
  requireArguments,
  shapeInterface,
  unsignedShort,
  usvString,
} from "./web-idl.ts";

/** What a CloseEvent is made from. */
export interface CloseEventInit {
  readonly bubbles?: boolean;
  readonly cancelable?: boolean;
  readonly composed?: boolean;
  readonly wasClean?: boolean;
  readonly code?: number;
  readonly reason?: string;
}

/** Tells how a WebSocket closed. */
export interface CloseEvent extends Event {
  /** Both ends sent a Close. */
  readonly wasClean: boolean;
  /** The code that the server closed with; 1005 if it gave none, 1006 if there was no Close. */
  readonly code: number;
  /** The reason that the server gave, "" for none. */
  readonly reason: string;
}

/** The class CloseEvent. */
export interface CloseEventConstructor {
  readonly prototype: CloseEvent;
  new (type: string, init?: CloseEventInit): CloseEvent;
}

class OwnCloseEvent extends Event implements CloseEvent {
  static {
    Object.defineProperty(OwnCloseEvent, "name", { value: "CloseEvent" });
    shapeInterface(OwnCloseEvent, { name: "CloseEvent", members: ["wasClean", "code", "reason"] });
  }

  readonly #wasClean: boolean;
  readonly #code: number;
  readonly #reason: string;

  constructor(type: string, init: CloseEventInit = {}) {
    // biome-ignore lint/complexity/noArguments: undefined is an argument, and none is an error
    requireArguments("new CloseEvent()", arguments.length, 1);
    const given = dictionary("the second argument of new CloseEvent()", init);
    super(domString(type), eventInit(given));
    this.#code = unsignedShort(member(given, "code") ?? 0);
    this.#reason = usvString(member(given, "reason") ?? "");
    this.#wasClean = Boolean(member(given, "wasClean"));
  }

  get wasClean(): boolean {
    return this.#wasClean;
  }

  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }
}

function eventInit(given: object): { bubbles: boolean; cancelable: boolean; composed: boolean } {
  return {
    bubbles: Boolean(member(given, "bubbles")),
    cancelable: Boolean(member(given, "cancelable")),
    composed: Boolean(member(given, "composed")),
  };
}

function isCloseEventConstructor(value: unknown): value is CloseEventConstructor {
  return typeof value === "function";
}

/** The class of the event that tells how a WebSocket closed. */
export const CloseEvent: CloseEventConstructor = isCloseEventConstructor(platformCloseEvent)
  ? platformCloseEvent
  : OwnCloseEvent;
