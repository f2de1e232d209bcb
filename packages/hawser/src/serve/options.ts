// The options of serve and upgrade: checked once, and brought into the form the rooms inside use.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Server as HttpServer } from "node:http";
import type { ConnectionSettings, Settings } from "../accept/settings.ts";
import { resolveSettings, settingNames } from "../accept/settings.ts";
import { type CheckedHandler, toHandler } from "../handlers/application.ts";
import { extended } from "../handlers/extended.ts";
import type { ErrorHook } from "../handlers/fault.ts";
import type { UpgradeHook } from "../handlers/handler.ts";
import type { Resources } from "../handlers/resources.ts";
import { ResourceTable } from "../handlers/resources.ts";
import { describe } from "../wire/errors.ts";
import type { Kind } from "../wire/wire.ts";

/** Options that `serve` and `upgrade` share. */
export interface EndpointOptions<Accepts extends Kind = Kind, State = unknown> extends ConnectionSettings {
  readonly accepts?: Accepts | undefined;
  /** Accepts or refuses every request that comes to the session or handler given beside these options. */
  readonly upgrade?: UpgradeHook<State> | undefined;
  /**
   * Handlers by path. Where none matches, the session or handler given beside these options answers, unless that has a path of
   * its own, or else 404.
   */
  readonly resources?: Resources | undefined;
  /** Headers of the handshake that `ws.request` and `ws.response` remember after `open`. Default: none. */
  readonly keep?: readonly string[] | undefined;
  /** Hears of what handlers throw. Default: stderr, once a cause. */
  readonly onError?: ErrorHook | undefined;
}

/** Requests that are not for a WebSocket: an http.Server (that need not listen), or a listener for its `request` event. */
export type PlainHttp = HttpServer | ((request: IncomingMessage, response: ServerResponse) => unknown);

/** The names of `EndpointOptions`. */
export const endpointNames: readonly string[] = [...settingNames, "upgrade", "resources", "keep", "onError"];

/** `EndpointOptions` and the handler beside them, whole. */
export interface Endpoint {
  readonly settings: Settings;
  readonly resources: ResourceTable;
  readonly keep: readonly string[];
  readonly onError: ErrorHook | undefined;
}

/** @throws TypeError if there are no options at all, with an example of some */
export function checkGiven(where: string, options: unknown, example: string): void {
  if (options === undefined) {
    throw new TypeError(`${where} needs options, as ${example}, before the handler; given: undefined`);
  }
}

/** @throws TypeError or RangeError for what is wrong, naming the option and what is allowed */
export function resolveEndpoint<Accepts extends Kind, State>(
  where: string,
  options: EndpointOptions<Accepts, State>,
  given: unknown,
): Endpoint {
  if (given === undefined && options.resources === undefined) {
    throw new TypeError(`${where} needs a session or a handler, or the option resources`);
  }
  if (given === undefined && options.upgrade !== undefined) {
    throw new TypeError(
      `the upgrade of ${where} goes with a session or handler beside the options; those in resources have their own`,
    );
  }
  if (options.onError !== undefined && typeof options.onError !== "function") {
    throw new TypeError(`onError must be a function, not ${describe(options.onError)}`);
  }
  if (options.resources === null || !["object", "undefined"].includes(typeof options.resources)) {
    throw new TypeError(
      `resources must be an object, as { "/path": handler }, or a list, not ${describe(options.resources)}`,
    );
  }
  const settings = resolveSettings(options);
  const resources = new ResourceTable(options.resources ?? {}, settings);
  if (given !== undefined) {
    resources.addBeside(`the handler of ${where}`, withUpgrade(where, given, options.upgrade));
  }
  return { settings, resources, keep: checkKeep(options.keep), onError: options.onError };
}

function withUpgrade(
  where: string,
  given: unknown,
  upgrade: UpgradeHook<unknown> | undefined,
): CheckedHandler {
  const handler = toHandler(`the handler of ${where}`, given);
  if (upgrade === undefined) return handler;
  if (typeof upgrade !== "function")
    throw new TypeError(`upgrade must be a function, not ${describe(upgrade)}`);
  if (handler.upgrade !== undefined) {
    throw new TypeError(`${where} has two upgrade hooks: one in its options, one in its handler`);
  }
  return extended(handler, { upgrade });
}

function checkKeep(keep: unknown): readonly string[] {
  if (keep === undefined) return [];
  if (Array.isArray(keep) && keep.every((name): name is string => typeof name === "string")) return keep;
  throw new TypeError(`keep must be an array of header names, not ${describe(keep)}`);
}

/** @throws TypeError for what cannot answer plain HTTP */
export function checkPlainHttp(given: unknown): PlainHttp | undefined {
  if (given === undefined || given instanceof HttpServer || isListener(given)) return given;
  throw new TypeError(
    `http must be an http.Server or a function (request, response), not ${describe(given)}`,
  );
}

function isListener(
  given: unknown,
): given is (request: IncomingMessage, response: ServerResponse) => unknown {
  return typeof given === "function";
}
