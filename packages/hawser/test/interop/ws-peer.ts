// ws, the package, as a peer.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { WebSocket } from "ws";
import { Mailbox } from "../support/mailbox.ts";
import {
  browserCodes,
  type ConnectOptions,
  type Message,
  type Peer,
  type PeerClose,
  type PeerKind,
  PeerRefused,
  type PeerSocket,
  registeredCodes,
} from "./peer.ts";

class Socket implements PeerSocket {
  readonly #ws: WebSocket;
  readonly #messages = new Mailbox<Message>();
  readonly #closed: Promise<PeerClose>;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.binaryType = "nodebuffer";
    ws.on("message", (data: Buffer, isBinary) => this.#messages.put(isBinary ? data : data.toString()));
    ws.on("error", () => undefined);
    this.#closed = new Promise((resolve) => {
      ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  get subprotocol(): string {
    return this.#ws.protocol;
  }

  send(message: Message): Promise<void> {
    return this.#sent((done) => this.#ws.send(message, done));
  }

  receive(): Promise<Message> {
    return this.#messages.take();
  }

  async close(code?: number, reason?: string): Promise<void> {
    this.#ws.close(code, reason);
  }

  closed(): Promise<PeerClose> {
    return this.#closed;
  }

  async drop(): Promise<void> {
    this.#ws.terminate();
  }

  async sendFragments(pieces: readonly Message[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      const options = { fin: index === pieces.length - 1, binary: typeof piece !== "string" };
      await this.#sent((done) => this.#ws.send(piece, options, done));
    }
  }

  async ping(payload: string): Promise<void> {
    const answered = once(this.#ws, "pong");
    this.#ws.ping(payload);
    const [answer] = await answered;
    if (!Buffer.from(payload).equals(answer)) throw new Error(`another pong: ${answer}`);
  }

  #sent(send: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      send((error) => (error ? reject(error) : resolve()));
    });
  }
}

export const ws: PeerKind = {
  name: "ws",
  isThere: true,
  install: "npm install",
  start: startWs,
  closeCodes: [...registeredCodes, ...browserCodes.slice(1)],
  can: { headers: true, fragments: true, ping: true, closeWithoutCode: true, status: true, drop: true },
};

async function startWs(): Promise<Peer> {
  return {
    connect(url: string, options: ConnectOptions = {}): Promise<PeerSocket> {
      const { subprotocols = [], headers, cookie, deflate } = options;
      const ws = new WebSocket(url, [...subprotocols], {
        headers: { ...headers, ...(cookie === undefined ? {} : { Cookie: cookie }) },
        rejectUnauthorized: false,
        ...(deflate && { perMessageDeflate: { ...deflate, threshold: 0 } }),
      });
      return new Promise((resolve, reject) => {
        const socket = new Socket(ws);
        ws.on("open", () => resolve(socket));
        ws.on("unexpected-response", (_request, response) => {
          reject(new PeerRefused(response.statusCode));
          response.destroy();
        });
        ws.on("error", reject);
      });
    },
    async stop() {},
  };
}
