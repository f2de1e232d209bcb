// A client that is not ours: ws, as a list of what happens to it.
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Connects; rejects if the server refuses. */
export async function connect(url: string): Promise<Client> {
  const client = new Client(url);
  await client.opened;
  return client;
}

export class Client {
  readonly socket: WebSocket;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<Close>;
  readonly #messages: (string | Buffer)[] = [];
  #wake: (() => void) | undefined;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    onTestFinished(() => this.socket.terminate());
    this.opened = once(this.socket, "open");
    // Who is refused need not ask.
    this.opened.catch(() => undefined);
    // Listened to from the start: a server may close before anybody asks.
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.socket.on("error", () => undefined);
    this.socket.on("message", (data: Buffer, isBinary) => {
      this.#messages.push(isBinary ? data : data.toString());
      this.#wake?.();
    });
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** The next message: text as a string, binary as a Buffer. */
  async next(): Promise<string | Buffer> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
