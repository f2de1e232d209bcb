// Turning sockets away before anybody has read from them.
import type { Socket } from "node:net";
import { printRefusal } from "../handshake/answer.ts";

const full = printRefusal({ status: 503, body: "the server is full", headers: { "Retry-After": "1" } });
/** How long a client may take to read that, and how many may at a time. */
const LINGER = 1000;
const MOST_LINGERING = 1024;
let lingering = 0;

/** Says 503 with Retry-After. Under TLS nothing can be said yet, and with too many of them nothing is. */
export function shed(socket: Socket, secure: boolean): void {
  socket.on("error", () => undefined);
  if (secure || lingering >= MOST_LINGERING) {
    socket.resetAndDestroy();
    return;
  }
  lingering += 1;
  const late = setTimeout(() => socket.destroy(), LINGER);
  late.unref();
  socket.once("close", () => {
    lingering -= 1;
    clearTimeout(late);
  });
  // To close with bytes unread would be a reset, and the client might never see the answer.
  socket.resume();
  socket.end(full);
}
