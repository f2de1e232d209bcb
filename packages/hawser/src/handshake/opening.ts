// Opening: what a client asks for, once its request has passed every rule of the handshake of its version.
import type { WireVersion } from "../wire/wire.ts";
import type { ExtensionOffer } from "./extension.ts";
import type { RequestHead } from "./head.ts";

/** What a client asks for, once its request has passed every rule of the handshake. */
export interface Opening {
  readonly head: RequestHead;
  /** As it came: nothing decoded or resolved. */
  readonly path: string;
  /** What follows the first "?" of the target, without it; empty if there is none. */
  readonly query: string;
  /** Host, with the port if one was given, as the request says: behind a proxy it may be the proxy's choice. */
  readonly host: string;
  readonly origin: string | undefined;
  /** In the client's order of preference, none twice. In hixie-75 to hybi-03 at most one, which need be no token. */
  readonly subprotocols: readonly string[];
  /** In the client's order of preference. */
  readonly extensions: readonly ExtensionOffer[];
  /** Sec-WebSocket-Key; "" in versions without one. */
  readonly key: string;
  /** The wire version that is asked for; the first of `versions`. */
  readonly version: WireVersion;
  /** All that the request may mean: hixie-76, whatwg-2010-08 and hybi-01 can ask in the very same words. */
  readonly versions: readonly [WireVersion, ...WireVersion[]];
  /** What Sec-WebSocket-Key1 and Sec-WebSocket-Key2 come to, in the versions that have them. */
  readonly challenge?: readonly [number, number] | undefined;
}
