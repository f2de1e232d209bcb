// undici's WebSocket, the one that Node's own global is made of, as a peer.
import { Buffer } from "node:buffer";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Agent, buildConnector, ping, WebSocket } from "undici";
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
} from "./peer.ts";

interface Transport {
  destroy(): unknown;
}

class Socket implements PeerSocket {
  readonly #ws: WebSocket;
  readonly #transport: () => Transport | undefined;
  readonly #messages = new Mailbox<Message>();
  readonly #closed: Promise<PeerClose>;

  constructor(ws: WebSocket, transport: () => Transport | undefined) {
    this.#ws = ws;
    this.#transport = transport;
    ws.binaryType = "arraybuffer";
    ws.addEventListener("message", ({ data }) => {
      this.#messages.put(typeof data === "string" ? data : new Uint8Array(data));
    });
    this.#closed = new Promise((resolve) => {
      ws.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
  }

  get subprotocol(): string {
    return this.#ws.protocol;
  }

  async send(message: Message): Promise<void> {
    this.#ws.send(message);
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
    this.#transport()?.destroy();
  }

  sendFragments(): Promise<void> {
    throw new Error("undici sends no fragments");
  }

  async ping(payload: string): Promise<void> {
    const channel = "undici:websocket:pong";
    let heard: (message: unknown) => void = () => undefined;
    const answered = new Promise<string>((resolve) => {
      heard = (message) => {
        const pong = message as { payload: Buffer; websocket: WebSocket };
        if (pong.websocket === this.#ws) resolve(pong.payload.toString());
      };
    });
    subscribe(channel, heard);
    ping(this.#ws, Buffer.from(payload));
    const answer = await answered;
    unsubscribe(channel, heard);
    if (answer !== payload) throw new Error(`another pong: ${answer}`);
  }
}

export const undici: PeerKind = {
  name: "undici",
  isThere: true,
  install: "npm install",
  start: startUndici,
  closeCodes: browserCodes,
  can: { headers: true, fragments: false, ping: true, closeWithoutCode: true, status: false, drop: true },
};

async function startUndici(): Promise<Peer> {
  const connector = buildConnector({ rejectUnauthorized: false });
  let latest: Transport | undefined;
  const dispatcher = new Agent({
    connect: (options, done) => {
      connector(options, (...result) => {
        latest = result[1] ?? undefined;
        done(...result);
      });
    },
  });
  return {
    connect(url: string, options: ConnectOptions = {}): Promise<PeerSocket> {
      const { subprotocols = [], headers, cookie } = options;
      const ws = new WebSocket(url, {
        protocols: [...subprotocols],
        headers: { ...headers, ...(cookie === undefined ? {} : { Cookie: cookie }) },
        dispatcher,
      });
      return new Promise((resolve, reject) => {
        let transport: Transport | undefined;
        const socket = new Socket(ws, () => transport);
        ws.addEventListener("open", () => {
          transport = latest;
          resolve(socket);
        });
        // As in browsers: the status stays hidden, and the end is 1006.
        ws.addEventListener("error", () => reject(new PeerRefused(undefined)));
      });
    },
    stop: () => dispatcher.destroy(),
  };
}
