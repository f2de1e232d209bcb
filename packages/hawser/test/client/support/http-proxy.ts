// An HTTP proxy for tests that look at what it is asked and say what it does; real ones are in test/interop.
import { connect, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { Guard } from "../../serve/support/guard.ts";
import { type Listener, listen, onHead } from "./listener.ts";

/** A proxy, and the heads of the requests that it got. */
export interface HttpProxy extends Listener {
  readonly heads: readonly string[];
}

/** Answers a CONNECT. */
type Answer = (socket: Socket, head: string, rest: Buffer) => void;

/** @param answer default: a tunnel to the port of 127.0.0.1 that the request names, whatever its host */
export async function httpProxy(
  guard: Guard,
  answer: Answer = tunnel(),
  tls?: TlsOptions,
): Promise<HttpProxy> {
  const heads: string[] = [];
  const onSocket = (socket: Socket): void =>
    onHead(socket, (head, rest) => {
      heads.push(head);
      answer(socket, head, rest);
    });
  return { ...(await listen(guard, onSocket, tls && { tls })), heads };
}

/** @param accepted how the proxy says yes */
export function tunnel(accepted = "HTTP/1.1 200 Connection established\r\n\r\n", host = "127.0.0.1"): Answer {
  return (socket, head, rest) => {
    const port = Number(/^CONNECT \S+:(\d+) HTTP/.exec(head)?.[1]);
    const onward = connect(port, host, () => {
      socket.write(accepted);
      onward.write(rest);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    onward.on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  };
}
