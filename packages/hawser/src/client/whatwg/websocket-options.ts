// The second argument of WebSocket: subprotocols, or options beyond the standard.
import { checkNames } from "../../wire/options.ts";
import { type NetworkOptions, networkOptionNames } from "./establish.ts";
import { stringSequence } from "./subprotocols.ts";
import { domString, isIterable } from "./web-idl.ts";

/** What may stand in place of the subprotocols: all of it goes beyond the standard. */
export interface WebSocketOptions extends NetworkOptions {
  /** As the second argument itself: offered in order of preference. The connection fails if the server takes none of them. */
  readonly protocols?: string | Iterable<string> | undefined;
}

/** The second argument, taken apart. */
interface Asked {
  readonly protocols: readonly string[];
  readonly options: NetworkOptions;
}

/**
 * Takes the second argument apart.
 *
 * To the standard it is `(DOMString or sequence<DOMString>)`: an object that is no sequence would become the string
 * "[object Object]", which is no token. That leaves those objects for us.
 *
 * @throws TypeError for an option that does not exist
 */
export function secondArgument(given: string | Iterable<string> | WebSocketOptions): Asked {
  if (isIterable(given) || typeof given !== "object" || given === null) {
    return { protocols: protocolList(given), options: {} };
  }
  checkNames("new WebSocket()", given, ["protocols", ...networkOptionNames]);
  const { protocols = [], ...options } = given;
  return { protocols: protocolList(protocols), options };
}

function protocolList(given: unknown): string[] {
  return isIterable(given) ? stringSequence(given) : [domString(given)];
}
