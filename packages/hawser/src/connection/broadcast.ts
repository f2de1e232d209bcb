// Broadcast: one message to many connections, framed once for all that speak alike.
import type { Encoded } from "../wire/encoded.ts";
import { describe } from "../wire/errors.ts";
import { checkBoolean, checkNames } from "../wire/options.ts";
import type { Wire } from "../wire/wire.ts";
import type { Sendable } from "./bytes.ts";
import { sendable } from "./bytes.ts";
import type { AnyConnection } from "./connection.ts";
import { Connection, pumpOf } from "./connection.ts";
import type { SendOptions } from "./send-options.ts";

/** Options of `broadcast`. */
export interface BroadcastOptions extends SendOptions {
  /** A connection, or several, that do not get it: usually whoever sent it. */
  readonly except?: AnyConnection | Iterable<AnyConnection> | undefined;
}

/**
 * Sends one message to many connections.
 *
 * It is framed, and compressed, once for all connections of the same version and settings, and goes out in one write per
 * connection together with all else that is sent to it in this turn of the loop. It never waits for a slow peer: one that has
 * more than `limits.sendBuffer` waiting is dropped as by `send`. Bytes are not sent to connections whose version carries text
 * only (`can.binary`).
 *
 * @param connections any iterable of connections: a Set, an array, the server
 * @returns how many connections took it
 * @throws TypeError for what is no message, and for an option that there is not
 */
export function broadcast(
  connections: Iterable<AnyConnection>,
  data: Sendable,
  options: BroadcastOptions = {},
): number {
  checkNames("broadcast()", options, ["except", "compress"]);
  const compress = checkBoolean("compress", options.compress, true);
  const message = sendable(data);
  if (!isIterable(connections)) {
    throw new TypeError(`broadcast() takes connections in an iterable, not ${describe(connections)}`);
  }
  const isExcepted = exceptions(options.except);
  const encodings = new Encodings(message, compress);
  const binary = typeof message !== "string";
  let taken = 0;
  for (const connection of connections) {
    const { wire, sender } = pumpOf(connection);
    if (wire.phase !== "open" || isExcepted?.(connection) === true) continue;
    if (binary && !wire.can.binary) continue;
    const { sharing } = wire;
    const accepted =
      sharing === undefined
        ? sender.sendWhole(message, compress)
        : sender.sendEncoded(encodings.of(wire, sharing));
    if (accepted) taken += 1;
  }
  return taken;
}

/** One message in every form that it is sent in. */
class Encodings {
  readonly #message: string | Uint8Array;
  readonly #compress: boolean;
  readonly #made = new Map<string, Encoded>();
  /** Mostly all connections are alike. */
  #sharing: string | undefined;
  #latest: Encoded | undefined;

  constructor(message: string | Uint8Array, compress: boolean) {
    this.#message = message;
    this.#compress = compress;
  }

  of(wire: Wire, sharing: string): Encoded {
    if (this.#latest !== undefined && this.#sharing === sharing) return this.#latest;
    const encoded = this.#made.get(sharing) ?? wire.encode(this.#message, this.#compress);
    this.#made.set(sharing, encoded);
    this.#sharing = sharing;
    this.#latest = encoded;
    return encoded;
  }
}

function exceptions(
  except: BroadcastOptions["except"],
): ((connection: AnyConnection) => boolean) | undefined {
  if (except === undefined) return undefined;
  if (except instanceof Connection) return (connection) => connection === except;
  if (!isIterable(except)) {
    throw new TypeError(`except must be a connection, or several in an iterable, not ${describe(except)}`);
  }
  const several: ReadonlySet<unknown> = except instanceof Set ? except : new Set(except);
  return (connection) => several.has(connection);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
