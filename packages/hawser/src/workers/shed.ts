// Turning sockets away before anybody has read from them.
import type { Socket } from "node:net";
import { printRefusal } from "../handshake/answer.ts";

const full = printRefusal({ status: 503, body: "the server is full", headers: { "Retry-After": "1" } });
/** How long a client may take to ask for something, and then to read the answer; and how many may at a time. */
const LINGER = 1000;
const MOST_LINGERING = 1024;
let lingering = 0;

/**
 * Says 503 with Retry-After, when something was asked for, or a second later: nginx mistakes an answer that comes before the request.
 * Under TLS nothing can be said yet, and with too many of them nothing is.
 */
export function shed(socket: Socket, secure: boolean): void {
  socket.on("error", () => undefined);
  if (secure || lingering >= MOST_LINGERING) {
    socket.resetAndDestroy();
    return;
  }
  lingering += 1;
  const drop = () => socket.destroy();
  const answer = () => {
    clearTimeout(late);
    late = setTimeout(drop, LINGER);
    socket.end(full);
  };
  let late = setTimeout(answer, LINGER);
  // What comes after the first bytes is read and dropped: to close with bytes unread would be a reset, which kills the answer.
  socket.once("data", answer).resume();
  socket.once("close", () => {
    lingering -= 1;
    clearTimeout(late);
  });
}
