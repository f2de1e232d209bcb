// Where to listen, as the application says it, and what is wrong with that.
import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import { Server as NetServer } from "node:net";
import { type TlsOptions, Server as TlsServer } from "node:tls";
import { describe } from "../wire/errors.ts";
import { checkNames } from "../wire/options.ts";

/** Where to listen: exactly one of `port`, `socketPath`, `fd` and `listener`. */
export interface ListenPlace {
  /** A TCP port; 0 for a free one. */
  readonly port?: number | undefined;
  /** With `port`: the address to listen on. Default: all. */
  readonly host?: string | undefined;
  /** With `port`: how many connections the system may hold until we take them. Default: Node's, 511. */
  readonly backlog?: number | undefined;
  /** A Unix socket, or a Windows pipe. */
  readonly socketPath?: string | undefined;
  /** A descriptor that listens already, as systemd hands one over. */
  readonly fd?: number | undefined;
  /** A net.Server or tls.Server of the caller's, listening or about to. It is closed with the server. */
  readonly listener?: NetServer | undefined;
}

/** The names of `ListenPlace`. */
export const placeNames: readonly (keyof ListenPlace)[] = [
  "port",
  "host",
  "backlog",
  "socketPath",
  "fd",
  "listener",
];

/**
 * Checks where to listen.
 *
 * @param where who does, as "serve()"
 * @throws TypeError unless it is exactly one place; RangeError for a port that is none
 */
export function checkPlace(where: string, place: ListenPlace): void {
  const named = (["port", "socketPath", "fd", "listener"] as const).filter(
    (name) => place[name] !== undefined,
  );
  if (named.length !== 1) {
    const found = named.length === 0 ? "none" : named.join(" and ");
    throw new TypeError(
      `${where} listens at exactly one of port, socketPath, fd and listener; given: ${found}`,
    );
  }
  const { port, host, backlog, fd, listener } = place;
  if (port === undefined && (host !== undefined || backlog !== undefined)) {
    throw new TypeError("host and backlog go with port");
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new RangeError(`port must be a whole number from 0 to 65535, not ${describe(port)}`);
  }
  if (host !== undefined && typeof host !== "string") {
    throw new TypeError(`host must be an address or a name, not ${describe(host)}`);
  }
  if (backlog !== undefined && !(Number.isInteger(backlog) && backlog > 0)) {
    throw new RangeError(`backlog must be a whole number above 0, not ${describe(backlog)}`);
  }
  if (fd !== undefined && !(Number.isInteger(fd) && fd >= 0)) {
    throw new RangeError(`fd must be a descriptor, a whole number from 0, not ${describe(fd)}`);
  }
  if (listener !== undefined && !(listener instanceof NetServer)) {
    throw new TypeError(`listener must be a net.Server or a tls.Server, not ${describe(listener)}`);
  }
  if (listener instanceof HttpServer || listener instanceof HttpsServer) {
    throw new TypeError("listener is an HTTP server, which reads its sockets itself: use upgrade()");
  }
}

/** Checks the option `tls`. */
export function checkTls(given: TlsOptions | undefined, place: ListenPlace): void {
  checkNames("the listening place", place, placeNames);
  if (given === undefined) return;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`tls must be an object, as { key, cert }, not ${describe(given)}`);
  }
  if (place.listener instanceof TlsServer)
    throw new TypeError("tls does not go with a listener that is a tls.Server");
}
