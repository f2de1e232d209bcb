// Streams that somebody else makes for a connection: taken over when they come in time, dropped when they come late.
import { Duplex } from "node:stream";
import { destroyStream } from "../transport/destroy-stream.ts";

/** Takes a stream over: it fails in silence until a transport listens, which then finds out. */
export function adopt<Stream extends Duplex>(stream: Stream): Stream {
  return stream.on("error", ignore);
}

/** Destroys what was made, if it is a stream. */
export function drop(made: unknown): void {
  if (made instanceof Duplex) destroyStream(adopt(made));
}

function ignore(): void {
  // Whoever waits was told, or a later write will tell.
}
