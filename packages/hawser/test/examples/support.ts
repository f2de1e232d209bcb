// Real clients for the examples: npm's ws and undici, each with a queue of what it received, and raw bytes over TCP.
import { once } from "node:events";
import { connect } from "node:net";
import { WebSocket as UndiciWebSocket } from "undici";
import { type ClientOptions, WebSocket } from "ws";

/** How a connection ended, as its client saw it. */
interface Ended {
  readonly code: number;
  readonly reason: string;
}

/** What the tests ask of any client. */
export interface Client {
  readonly protocol: string;
  /** Header lines of the answer, where the client tells. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly ended: Promise<Ended>;
  send(data: string): void;
  /** The next message, as text. */
  next(): Promise<string>;
  close(): Promise<Ended>;
}

/** Messages, and those who wait for them. */
class Mailbox {
  readonly #messages: string[] = [];
  readonly #waiting: ((message: string) => void)[] = [];

  put(message: string): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#messages.push(message);
    else waiter(message);
  }

  next(): Promise<string> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}

/** npm's ws. Rejects with "Unexpected server response: 401" for a refusal. */
export async function openWs(
  url: string,
  protocols: string[] = [],
  options: ClientOptions = {},
): Promise<Client> {
  const socket = new WebSocket(url, protocols, options);
  const mailbox = new Mailbox();
  let headers: Record<string, unknown> = {};
  socket.on("upgrade", (response) => {
    headers = response.headers;
  });
  socket.on("message", (data: Buffer) => mailbox.put(data.toString()));
  const ended = new Promise<Ended>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await once(socket, "open");
  return {
    protocol: socket.protocol,
    headers,
    ended,
    send: (data) => socket.send(data),
    next: () => mailbox.next(),
    close: () => {
      socket.close(1000);
      return ended;
    },
  };
}

/** undici, the WebSocket of Node itself. */
export async function openUndici(
  url: string,
  protocols: string[] = [],
  headers: Record<string, string> = {},
): Promise<Client> {
  const socket = new UndiciWebSocket(url, { protocols, headers });
  const mailbox = new Mailbox();
  socket.addEventListener("message", (event) => mailbox.put(String(event.data)));
  const ended = new Promise<Ended>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("undici could not connect")));
  });
  return {
    protocol: socket.protocol,
    headers: {},
    ended,
    send: (data) => socket.send(data),
    next: () => mailbox.next(),
    close: () => {
      socket.close(1000);
      return ended;
    },
  };
}

/** Sends a request that is to be refused, as these lines, and gives all that the server answers until it hangs up. */
export async function exchange(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, "localhost");
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

/** The port of a URL. */
export function portOf(url: string): number {
  return Number(new URL(url).port);
}
