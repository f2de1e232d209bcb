// Taking turns: to one host and port, one connection at a time is being made (RFC 6455 §4.1, step 2 of establishing one).
import { parseWebSocketUrl } from "../../handshake/url.ts";
import { settleable } from "./settleable.ts";

/** The last in each line, by host and port: settled when it and all before it are connected, or will not be. */
const lines = new Map<string, Promise<void>>();

/**
 * Makes a connection when all that were wanted before, to the same host and port, are made or have failed.
 *
 * The RFC counts by address. Which of its addresses a name stands for is only known once it is dialled, so that we count names,
 * as the RFC does behind a proxy.
 *
 * @param signal once it is aborted, `connecting` is called without a turn: it is then to fail at once
 */
export async function inTurn<Made>(
  url: URL,
  signal: AbortSignal,
  connecting: () => Promise<Made>,
): Promise<Made> {
  const { hostname, port } = parseWebSocketUrl(url);
  const place = `${hostname} ${port}`;
  const before = lines.get(place);
  const { promise: done, resolve: finish } = settleable<void>();
  const last = before === undefined ? done : before.then(() => done);
  lines.set(place, last);
  void last.then(() => {
    if (lines.get(place) === last) lines.delete(place);
  });
  try {
    if (before !== undefined) await eitherOf(before, signal);
    return await connecting();
  } finally {
    finish();
  }
}

/** Resolves with the promise, or when the signal is aborted. */
function eitherOf(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
    void promise.then(resolve);
  });
}
