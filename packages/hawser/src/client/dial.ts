// dial: a stream to where a URL leads: TCP, a Unix socket, a proxy or the application's own, and TLS on top of it.
import { connect as netConnect, Socket } from "node:net";
import { Duplex } from "node:stream";
import { TLSSocket, connect as tlsConnect } from "node:tls";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { WebSocketUrl } from "../handshake/url.ts";
import { LentReads } from "../transport/lent-reads.ts";
import { describe } from "../wire/errors.ts";
import { adopt, drop } from "./adopt.ts";
import { serverNameOf } from "./destination.ts";
import type { ConnectSettings } from "./options.ts";
import { unlessAborted } from "./patience.ts";
import { proxyFor } from "./proxy.ts";

/** A stream that is connected. */
export interface Dialled {
  readonly stream: Duplex;
  /** Where its bytes come, if not as 'data'. */
  readonly reads: LentReads | undefined;
}

/** A stream that somebody else has made. */
interface GivenStream {
  readonly stream: Duplex;
  /** TLS with the destination is spoken on it already. */
  readonly secured: boolean;
}

/**
 * Opens a stream.
 *
 * @throws (rejects with) HandshakeError with the system's error as its cause, or what the proxy answered; the signal's
 *   reason; what `createConnection` throws; TypeError for a proxy of the environment, and for settings of TLS, that cannot be used
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
  if (given !== undefined && (!url.secure || given.secured))
    return { stream: given.stream, reads: undefined };
  const below = given?.stream ?? (await connected(openSocket(url, settings), "connect", url, signal));
  return { stream: await secured(below, url, settings, signal), reads: undefined };
}

/** What `createConnection` or a proxy gives; undefined where the socket is ours to open. */
async function givenStream(
  url: WebSocketUrl,
  settings: ConnectSettings,
  signal: AbortSignal,
): Promise<GivenStream | undefined> {
  const { createConnection } = settings;
  const destination = {
    host: url.hostname,
    port: url.port,
    socketPath: url.socketPath,
    secure: url.secure,
    signal,
  };
  if (createConnection === undefined) {
    const tunnel = url.socketPath === undefined ? proxyFor(url, settings) : undefined;
    const stream = await tunnel?.(destination);
    // TLS on it, if any, is the proxy's.
    return stream && { stream: await taken(stream, url, signal), secured: false };
  }
  const made = Promise.resolve(createConnection(destination));
  const stream: unknown = await unlessAborted(signal, made, drop);
  if (!(stream instanceof Duplex)) {
    throw new TypeError(`createConnection must give a Duplex, not ${describe(stream)}`);
  }
  return { stream: await taken(stream, url, signal), secured: stream instanceof TLSSocket };
}

/** A stream that was given, connected. */
async function taken(stream: Duplex, url: WebSocketUrl, signal: AbortSignal): Promise<Duplex> {
  adopt(stream);
  if (stream instanceof Socket && stream.connecting) await connected(stream, "connect", url, signal);
  return stream;
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

async function secured(
  below: Duplex,
  url: WebSocketUrl,
  { tls }: ConnectSettings,
  signal: AbortSignal,
): Promise<Duplex> {
  try {
    const socket = tlsConnect({
      ...tls,
      // The certificate is checked against `host` where this is empty.
      servername: tls.servername ?? serverNameOf(url.hostname),
      // By default and for `undefined`: whatever the environment says, only the application may turn this off.
      rejectUnauthorized: tls.rejectUnauthorized ?? true,
      ALPNProtocols: ["http/1.1"],
      host: url.hostname,
      socket: below,
    });
    return await connected(socket, "secureConnect", url, signal);
  } catch (error) {
    drop(below);
    throw error;
  }
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
      const what = event === "connect" ? "could not connect to" : "no TLS connection to";
      reject(new HandshakeError(`${what} ${place}: ${messageOf(error)}`, { status: 0, cause: error }));
    };
    const closed = () => fail(new Error("the other end hung up"));
    socket.once("error", fail);
    socket.once("close", closed);
    socket.once(event, () => {
      socket.off("error", fail);
      socket.off("close", closed);
      resolve(adopt(socket));
    });
  });
  return unlessAborted(signal, waiting, drop).catch((error: unknown) => {
    drop(socket);
    throw error;
  });
}

/** Of several addresses each has failed in its own way. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((one: unknown) => (one instanceof Error ? one.message : String(one))).join("; ");
}
