// A peer in another process, driven by questions and answers: Python's websockets, Chromium.
import { Buffer } from "node:buffer";
import type { WireVersion } from "hawser";
import { type ConnectOptions, type Message, type PeerClose, PeerRefused, type PeerSocket } from "./peer.ts";

/** A message on its way between processes. */
type Parcel = { readonly text: string } | { readonly base64: string };

/** Has the other process do something. Rejects if it fails there. */
export type Ask = (operation: string, argument: object) => Promise<unknown>;

function pack(message: Message): Parcel {
  if (typeof message === "string") return { text: message };
  return { base64: Buffer.from(message).toString("base64") };
}

function unpack(parcel: Parcel): Message {
  return "text" in parcel ? parcel.text : Buffer.from(parcel.base64, "base64");
}

class Socket implements PeerSocket {
  readonly subprotocol: string;
  readonly #ask: Ask;
  readonly #id: number;

  constructor(ask: Ask, id: number, subprotocol: string) {
    this.#ask = ask;
    this.#id = id;
    this.subprotocol = subprotocol;
  }

  async send(message: Message): Promise<void> {
    await this.#do("send", { message: pack(message) });
  }

  async receive(): Promise<Message> {
    return unpack((await this.#do("receive")) as Parcel);
  }

  async close(code?: number, reason?: string): Promise<void> {
    await this.#do("close", { code, reason });
  }

  async closed(): Promise<PeerClose> {
    return (await this.#do("closed")) as PeerClose;
  }

  async drop(): Promise<void> {
    await this.#do("drop");
  }

  async sendFragments(pieces: readonly Message[]): Promise<void> {
    await this.#do("fragments", { messages: pieces.map(pack) });
  }

  async ping(payload: string): Promise<void> {
    await this.#do("ping", { payload });
  }

  #do(operation: string, argument: object = {}): Promise<unknown> {
    return this.#ask(operation, { id: this.#id, ...argument });
  }
}

interface RemoteOptions extends ConnectOptions {
  /** Where the peer knows more than one. */
  readonly version?: WireVersion;
}

/** Opens a connection over there. */
export async function connectRemotely(ask: Ask, url: string, options: RemoteOptions): Promise<PeerSocket> {
  const answer = (await ask("connect", { url, ...options })) as
    | { id: number; subprotocol: string }
    | { refused: number | null };
  if ("refused" in answer) throw new PeerRefused(answer.refused ?? undefined);
  return new Socket(ask, answer.id, answer.subprotocol);
}
