// Drives a behaviour on one connection: events in, outcomes out.
import type { CloseReport } from "../connection/close-report.ts";
import { type AnyConnection, keepHeaders, pumpOf } from "../connection/connection.ts";
import type { Consumer, Item } from "../connection/inbox.ts";
import { pingPayload } from "../connection/pings.ts";
import { describe } from "../wire/errors.ts";
import type { Behaviour, BehaviourEvent, BehaviourInfo } from "./behaviour.ts";
import { endByFault } from "./fault.ts";
import { Outcome } from "./outcome.ts";
import type { RunOptions } from "./run-options.ts";

/** One behaviour on one connection. */
export class BehaviourRun implements Consumer {
  readonly controls: "answered" | "told";
  /** Called when the connection has ended and the last event was handled. */
  onDone: ((report: Promise<CloseReport>) => void) | undefined;
  readonly #ws: AnyConnection;
  readonly #behaviour: Behaviour;
  readonly #options: RunOptions;
  #state: unknown;
  /** It has said close, or failed: what still comes is not for it, the end aside. */
  #left = false;
  #ended = false;
  #handling = false;
  /** What came in the middle of another event. */
  readonly #notices: BehaviourEvent[] = [];

  constructor(ws: AnyConnection, behaviour: Behaviour, options: RunOptions) {
    this.#ws = ws;
    this.#behaviour = behaviour;
    this.#options = options;
    this.controls = behaviour.autoPong === false ? "told" : "answered";
  }

  start(): void {
    const { inbox } = pumpOf(this.#ws);
    inbox.claim(this);
    try {
      this.#state = this.#behaviour.init(infoOf(this.#ws));
    } catch (error) {
      this.#fault(error);
    }
    keepHeaders(this.#ws, this.#options.keep ?? []);
    inbox.begin();
  }

  take(item: Item): undefined {
    const event = eventOf(item);
    if (event !== undefined) this.#step(event);
  }

  notify(value: unknown): boolean {
    if (this.#left || this.#ended) return false;
    const notice = { type: "notice", value } as const;
    if (this.#handling) this.#notices.push(notice);
    else this.#step(notice);
    return true;
  }

  finished(): void {
    const { report } = pumpOf(this.#ws);
    if (report === undefined) return;
    const { received, initiator } = report;
    if (received !== undefined && initiator === "peer") this.#step({ type: "close", ...received });
    this.#ended = true;
    this.#left = false;
    this.#step({ type: "end", report });
    this.onDone?.(this.#ws.closed);
  }

  #step(event: BehaviourEvent): void {
    if (this.#left) return;
    this.#handling = true;
    try {
      this.#apply(this.#behaviour.handle(event, this.#state));
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#handling = false;
    }
    const next = this.#ended ? undefined : this.#notices.shift();
    if (next !== undefined) this.#step(next);
  }

  #apply(given: unknown): void {
    if (this.#ended) return;
    const outcomes: readonly unknown[] = Array.isArray(given) ? given : [given];
    const checked = outcomes.filter((one) => one instanceof Outcome);
    if (checked.length === 0 || checked.length < outcomes.length) {
      const wrong = outcomes.find((one) => !(one instanceof Outcome));
      throw new TypeError(
        `handle must return noreply(state), reply(data, state), ping, pong or close, or a list of them, not ${describe(outcomes.length === 0 ? given : wrong)}`,
      );
    }
    for (const outcome of checked) {
      this.#state = outcome.state;
      if (!this.#left) this.#act(outcome);
    }
  }

  #act({ action }: Outcome<unknown>): void {
    const { sender, wire } = pumpOf(this.#ws);
    switch (action.type) {
      case "noreply":
        return;
      case "reply":
        this.#ws.send(action.data);
        return;
      case "ping":
        sender.ping(pingPayload(action.data ?? ""));
        return;
      case "pong":
        wire.pong(pingPayload(action.data ?? ""));
        return;
      case "close":
        void this.#ws.close(action.code, action.reason);
        this.#left = true;
        return;
      default:
        action satisfies never;
    }
  }

  #fault(error: unknown): void {
    this.#left = true;
    // What still waits is not for a behaviour that has failed.
    pumpOf(this.#ws).inbox.discard();
    endByFault(this.#ws, error, this.#options.onError);
  }
}

function eventOf(item: Item): BehaviourEvent | undefined {
  if (typeof item === "string") return { type: "text", data: item };
  if (item instanceof Uint8Array) return { type: "binary", data: item };
  return "control" in item ? { type: item.control, data: item.bytes } : undefined;
}

function infoOf(ws: AnyConnection): BehaviourInfo {
  const { request, subprotocol } = ws;
  return {
    ws,
    remoteAddress: request.remoteAddress,
    remotePort: pumpOf(ws).remotePort,
    secure: request.secure,
    resource: request.path,
    params: request.params,
    headers: request.headers,
    subprotocol,
    agreed: ws.state,
  };
}
