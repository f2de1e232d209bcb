// serve: a WebSocket server in one call.
import { type TlsOptions, Server as TlsServer } from "node:tls";
import type { Application } from "../handlers/application.ts";
import { checkNames } from "../wire/options.ts";
import type { Kind } from "../wire/wire.ts";
import type { EndpointOptions, PlainHttp } from "./options.ts";
import { checkGiven, checkPlainHttp, endpointNames, resolveEndpoint } from "./options.ts";
import type { ListenPlace } from "./place.ts";
import { checkPlace, checkTls, placeNames } from "./place.ts";
import { Server } from "./server.ts";

/** Options of `serve`. */
export interface ServeOptions<Accepts extends Kind = Kind, State = unknown>
  extends EndpointOptions<Accepts, State>,
    ListenPlace {
  /** Key and certificate, and all else that tls.createServer takes. Default: no TLS. */
  readonly tls?: TlsOptions | undefined;
  /** Who answers requests that are not for a WebSocket. Default: they get 426. */
  readonly http?: PlainHttp | undefined;
}

/**
 * Starts a WebSocket server.
 *
 * @param handler a session, a handler or a behaviour, for every path that no resource matches; for its own, if it has one
 * @returns the server, when it listens
 * @throws (rejects with) TypeError or RangeError for wrong options; the system's error if it cannot listen (EADDRINUSE)
 */
export async function serve<Accepts extends Kind = Kind, State = undefined>(
  options: ServeOptions<Accepts, State>,
  handler?: Application<Accepts, State>,
): Promise<Server> {
  checkGiven("serve()", options, "{ port: 8080 }");
  checkNames("serve()", options, [...endpointNames, ...placeNames, "tls", "http"]);
  const { port, host, backlog, socketPath, fd, listener, tls, http } = options;
  const place = { port, host, backlog, socketPath, fd, listener };
  checkPlace("serve()", place);
  checkTls(tls, place);
  if ((tls !== undefined || listener instanceof TlsServer) && options.trustProxy?.proxyProtocol === true) {
    throw new TypeError(
      "trustProxy.proxyProtocol does not go with tls: a PROXY header in front of TLS is not read",
    );
  }
  const endpoint = resolveEndpoint("serve()", options, handler);
  const server = new Server({ place, tls, http: checkPlainHttp(http), endpoint });
  await server.listen();
  return server;
}
