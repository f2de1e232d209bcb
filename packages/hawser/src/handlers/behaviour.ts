// Behaviours: what happens on a connection as a pure state machine, which a test can run without a socket.
import {
  checkResourceOptions,
  type ResourceOptions,
  resourceOptionNames,
} from "../accept/resource-settings.ts";
import type { CloseReport } from "../connection/close-report.ts";
import type { Connection, Message } from "../connection/connection.ts";
import type { RequestParams, UpgradeRequest } from "../handshake/upgrade-request.ts";
import { describe } from "../wire/errors.ts";
import { checkBoolean, checkNames } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import type { Received, UpgradeResult } from "./handler.ts";
import type { Outcomes } from "./outcome.ts";
import { at, checkOwnPath, type PathParams } from "./path.ts";

/** What a behaviour begins with. */
export interface BehaviourInfo<
  Received extends Message = Message,
  Agreed = unknown,
  Params extends RequestParams = RequestParams,
> {
  /** The connection, to be kept for sending at any later time: `ws.send`, `ws.notify`. */
  readonly ws: Connection<Received, Agreed, Params>;
  /** Of the client: its address (as far as trusted proxies tell), and the port at the other end of our socket, where there are any. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** The client's connection is under TLS. */
  readonly secure: boolean;
  /** The path that was asked for, and what its pattern matched. */
  readonly resource: string;
  readonly params: Params;
  /** All header lines of the request. */
  readonly headers: UpgradeRequest["headers"];
  /** The one that was agreed on, "" for none. */
  readonly subprotocol: string;
  /** The `state` that `upgrade` returned. */
  readonly agreed: Agreed;
}

/** What can happen on a connection. */
export type BehaviourEvent<Received extends Message = Message> =
  | (Received extends string ? { readonly type: "text"; readonly data: string } : never)
  | (Received extends Uint8Array ? { readonly type: "binary"; readonly data: Uint8Array } : never)
  /** The peer's ping. It is answered already, unless `autoPong` is false. */
  | { readonly type: "ping"; readonly data: Uint8Array }
  /** A pong, but for those that answer the keepalive's own pings. */
  | { readonly type: "pong"; readonly data: Uint8Array }
  /** The peer has closed, and was answered. Nothing can be sent any more. */
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  /** What somebody gave to `ws.notify`. */
  | { readonly type: "notice"; readonly value: unknown }
  /** The last event, always. Its outcome is ignored. */
  | { readonly type: "end"; readonly report: CloseReport };

/**
 * A state machine: `init` makes the state, `handle` takes one event after the other and says what is to be done.
 *
 * Both are plain functions; they return no promises. What they throw ends that connection with 1011 and goes to `onError`.
 *
 * @typeParam Params what its path matches
 */
export interface Behaviour<
  Accepts extends Kind = Kind,
  State = unknown,
  Agreed = unknown,
  Params extends RequestParams = RequestParams,
> extends ResourceOptions<Accepts> {
  /** The path that it answers for, and no other. `defineBehaviour(path, …)` sets it. Default: where it is put. */
  readonly path?: string | undefined;
  /** False: pings are not answered by themselves. Default true. */
  readonly autoPong?: boolean | undefined;
  /** Accepts or refuses a request, as in a handler. */
  upgrade?(request: UpgradeRequest<Params>): UpgradeResult<Agreed> | Promise<UpgradeResult<Agreed>>;
  /** Called once, after the answer that accepts. Returns the state to begin with. */
  init(info: BehaviourInfo<Received<Accepts>, Agreed, Params>): State;
  /** Called for each event, one at a time, in order. */
  handle(event: BehaviourEvent<Received<Accepts>>, state: State): Outcomes<State>;
}

const behaviourNames: readonly string[] = [
  ...resourceOptionNames,
  "path",
  "autoPong",
  "upgrade",
  "init",
  "handle",
];

/**
 * Checks a behaviour and gives it back as it is; its use is in the types: the state that `init` returns is the one that `handle`
 * takes and gives back, and `accepts` decides which messages there are.
 *
 * With a path in front, `/game/:table`, it answers for that path only, and the names in it type `params`.
 *
 * @returns the behaviour; with a path, a copy that has it
 * @throws TypeError for a name that there is not, for an `init` or `handle` that is no function, a wrong `autoPong`, and a path
 *   that is none; TypeError or RangeError for an option that is wrong
 */
export function defineBehaviour<Accepts extends Kind = Kind, State = unknown, Agreed = undefined>(
  behaviour: Behaviour<Accepts, State, Agreed>,
): Behaviour<Accepts, State, Agreed>;
export function defineBehaviour<
  const Path extends string,
  Accepts extends Kind = Kind,
  State = unknown,
  Agreed = undefined,
>(
  path: Path,
  behaviour: Behaviour<Accepts, State, Agreed, PathParams<Path>>,
): Behaviour<Accepts, State, Agreed, PathParams<Path>> & { readonly path: Path };
export function defineBehaviour(first: string | Behaviour, second?: Behaviour): Behaviour {
  if (typeof first === "string") return at(first, second, "behaviour", checkBehaviour);
  checkBehaviour("the behaviour", first);
  return first;
}

/** Whether this is meant to be a behaviour: neither a session nor hooks have these. */
export function isBehaviour(given: unknown): given is Behaviour {
  return typeof given === "object" && given !== null && ("handle" in given || "init" in given);
}

/** @throws TypeError or RangeError as `defineBehaviour` does */
export function checkBehaviour(where: string, given: object): asserts given is Behaviour {
  checkNames(where, given, behaviourNames);
  const values = new Map<string, unknown>(Object.entries(given));
  checkResourceOptions(where, given);
  checkOwnPath(where, values.get("path"));
  checkBoolean(`autoPong of ${where}`, values.get("autoPong"), true);
  for (const name of ["init", "handle"] as const) {
    const hook = values.get(name);
    if (typeof hook !== "function") {
      throw new TypeError(
        `${where} needs ${name}, a function, as every behaviour does, not ${describe(hook)}`,
      );
    }
  }
  const upgrade = values.get("upgrade");
  if (upgrade !== undefined && typeof upgrade !== "function") {
    throw new TypeError(`upgrade of ${where} must be a function, not ${describe(upgrade)}`);
  }
}
