// Destroying somebody's stream, whose `destroy` may do anything.
import type { Stream } from "node:stream";

/** What has Node's way of being destroyed. */
interface Destroyable extends Stream {
  readonly destroyed: boolean;
  destroy(error?: Error): unknown;
}

/**
 * Destroys a stream. A `destroy` of the application's own may throw or do nothing; that must reach neither a `send` nor a timer.
 *
 * @returns whether the stream is destroyed; if not, it will say nothing about its end
 */
export function destroyStream(stream: Destroyable, error?: Error): boolean {
  try {
    stream.destroy(error);
  } catch {
    // It is being dropped already, for a reason that is told. This one is nobody's to act on.
  }
  return stream.destroyed;
}
