// The events of a Duplex, brought to an object by one shared function per event: a closure each, on each of ten thousand
// idle connections, would cost more than the rest of a transport.
import type { Duplex } from "node:stream";

/** Who hears what a stream says. */
export interface StreamListener {
  streamGave(chunk: unknown): void;
  streamEnded(): void;
  streamFinished(): void;
  streamFailed(error: unknown): void;
  streamClosed(): void;
}

const listenerOf: unique symbol = Symbol("hawser.listener");

interface Carrier extends Duplex {
  [listenerOf]?: StreamListener | undefined;
}

function onData(this: Carrier, chunk: unknown): void {
  this[listenerOf]?.streamGave(chunk);
}

function onEnd(this: Carrier): void {
  this[listenerOf]?.streamEnded();
}

function onFinish(this: Carrier): void {
  this[listenerOf]?.streamFinished();
}

function onError(this: Carrier, error: unknown): void {
  this[listenerOf]?.streamFailed(error);
}

function onClose(this: Carrier): void {
  this[listenerOf]?.streamClosed();
}

/**
 * Listens to all but the data. From here on no 'error' of the stream is unhandled.
 *
 * @param finish whether to listen to 'finish' too
 */
export function listen(stream: Duplex, listener: StreamListener, finish: boolean): void {
  const carrier: Carrier = stream;
  carrier[listenerOf] = listener;
  carrier.on("end", onEnd).on("error", onError).on("close", onClose);
  if (finish) carrier.on("finish", onFinish);
}

/** Listens to the data too. The stream stays paused until `resume` is called on it. */
export function listenToData(stream: Duplex): void {
  // A listener for 'data' starts a stream, unless it was paused by name.
  stream.pause();
  stream.on("data", onData);
}

/** Takes all listeners off, that of 'error' included. */
export function unlisten(stream: Duplex): void {
  const carrier: Carrier = stream;
  carrier[listenerOf] = undefined;
  carrier
    .off("data", onData)
    .off("end", onEnd)
    .off("finish", onFinish)
    .off("error", onError)
    .off("close", onClose);
}
