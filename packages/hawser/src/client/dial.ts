// dial: a stream to where a URL leads: TCP, a Unix socket, a proxy or the application's own, and TLS on top of it.
import type { Socket } from "node:net";
import { isIP, connect as netConnect } from "node:net";
import { Duplex } from "node:stream";
import { TLSSocket, connect as tlsConnect } from "node:tls";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { WebSocketUrl } from "../handshake/url.ts";
import { destroyStream } from "../transport/destroy-stream.ts";
import { LentReads } from "../transport/lent-reads.ts";
import { describe } from "../wire/errors.ts";
import type { ConnectSettings } from "./options.ts";
import { unlessAborted } from "./patience.ts";
import { proxyFor } from "./proxy.ts";

/** A stream that is connected. */
export interface Dialled {
  readonly stream: Duplex;
  /** Where its bytes come, if not as 'data'. */
  readonly reads: LentReads | undefined;
}

/**
 * Opens a stream.
 *
 * @throws (rejects with) HandshakeError with the system's error as its cause, or what the proxy answered; the signal's
 *   reason; and what `createConnection` or an agent throws
 */
export async function dial(
  url: WebSocketUrl,
  settings: ConnectSettings,
  signal: AbortSignal,
): Promise<Dialled> {
  const given = await givenStream(url, settings, signal);
  if (given === undefined && !url.secure) {
    const reads = new LentReads();
    const socket = openSocket(url, settings, reads);
    return { stream: await connected(socket, "connect", url, signal), reads };
  }
  const below = given ?? (await connected(openSocket(url, settings), "connect", url, signal));
  if (!url.secure || isTls(below)) return { stream: below, reads: undefined };
  return { stream: await secured(below, url, settings, signal), reads: undefined };
}

/** What `createConnection` or a proxy gives; undefined where the socket is ours to open. */
async function givenStream(
  url: WebSocketUrl,
  settings: ConnectSettings,
  signal: AbortSignal,
): Promise<Duplex | undefined> {
  const { createConnection, proxy } = settings;
  const destination = { host: url.hostname, port: url.port, secure: url.secure, signal };
  if (createConnection === undefined) {
    return url.socketPath === undefined ? proxyFor(url, proxy)?.(destination) : undefined;
  }
  const made = Promise.resolve(createConnection(destination));
  const stream: unknown = await unlessAborted(signal, made, destroyStream);
  if (stream instanceof Duplex) return stream;
  throw new TypeError(`createConnection must give a Duplex, not ${describe(stream)}`);
}

function openSocket(url: WebSocketUrl, { network }: ConnectSettings, reads?: LentReads): Socket {
  const onread = reads && { onread: reads.onread };
  // Happy Eyeballs (RFC 8305): addresses of both families in turn, each with a quarter of a second before the next.
  const place =
    url.socketPath === undefined
      ? { ...network, host: url.hostname, port: url.port, autoSelectFamily: network.family === 0 }
      : { path: url.socketPath };
  const socket = netConnect({ ...place, ...onread, noDelay: true });
  // Nothing is read before a transport listens.
  return socket.pause();
}

function secured(
  below: Duplex,
  url: WebSocketUrl,
  { tls }: ConnectSettings,
  signal: AbortSignal,
): Promise<Duplex> {
  // RFC 6066 §3: no address in SNI. The certificate is checked against `host` where there is no name.
  const servername = isIP(url.hostname) === 0 ? url.hostname : "";
  const socket = tlsConnect({
    servername,
    ...tls,
    // By default and for `undefined`: whatever the environment says, only the application may turn this off.
    rejectUnauthorized: tls.rejectUnauthorized ?? true,
    ALPNProtocols: ["http/1.1"],
    host: url.hostname,
    socket: below,
  });
  return connected(socket, "secureConnect", url, signal).catch((error: unknown) => {
    destroyStream(below);
    throw error;
  });
}

/** Waits for the event that says that a socket is ready. */
function connected<Stream extends Socket>(
  socket: Stream,
  event: "connect" | "secureConnect",
  { host, socketPath }: WebSocketUrl,
  signal: AbortSignal,
): Promise<Stream> {
  const place = socketPath ?? host;
  const waiting = new Promise<Stream>((resolve, reject) => {
    const fail = (error: Error) => {
      const what = event === "connect" ? "could not connect" : "TLS failed: could not connect";
      reject(new HandshakeError(`${what} to ${place}: ${messageOf(error)}`, { status: 0, cause: error }));
    };
    const closed = () => fail(new Error("the other end hung up"));
    socket.once("error", fail);
    socket.once("close", closed);
    socket.once(event, () => {
      socket.off("error", fail);
      socket.off("close", closed);
      // Until a transport listens.
      socket.on("error", ignore);
      resolve(socket);
    });
  });
  return unlessAborted(signal, waiting, destroyStream).catch((error: unknown) => {
    socket.on("error", ignore);
    destroyStream(socket);
    throw error;
  });
}

function ignore(): void {
  // Whoever waits was told, or a later write will tell.
}

/** Of several addresses each has failed in its own way. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join("; ");
}

function isTls(stream: Duplex): boolean {
  return stream instanceof TLSSocket;
}
