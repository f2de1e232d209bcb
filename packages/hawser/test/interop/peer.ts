// What every peer can do, whoever made it: one interface over ws, undici, Python's websockets and Chromium.

/** Text or binary. */
export type Message = string | Uint8Array;

/** How an end came about, as a peer sees it. */
export interface PeerClose {
  readonly code: number;
  readonly reason: string;
}

/** What a peer offers for permessage-deflate, in the words of RFC 7692 §7.1. `true`: window bits without a value. */
export interface DeflateOffer {
  readonly serverNoContextTakeover?: boolean;
  readonly clientNoContextTakeover?: boolean;
  readonly serverMaxWindowBits?: number;
  readonly clientMaxWindowBits?: number | true;
}

export interface ConnectOptions {
  readonly subprotocols?: readonly string[] | undefined;
  /** Lines for the request, where the peer can add any. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The value of a Cookie header: `name=value`. */
  readonly cookie?: string | undefined;
  /** Where the peer can be told; otherwise, and by default, it offers what it always offers. */
  readonly deflate?: DeflateOffer | undefined;
}

/** A connection, seen from the peer's end. */
export interface PeerSocket {
  readonly subprotocol: string;
  send(message: Message): Promise<void>;
  /** The next message. */
  receive(): Promise<Message>;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): Promise<void>;
  /** How the connection ended, once it has. */
  closed(): Promise<PeerClose>;
  /** Drops the transport without a Close. */
  drop(): Promise<void>;
  /** Sends one message in fragments. */
  sendFragments(pieces: readonly Message[]): Promise<void>;
  /** Sends a ping, and resolves when its pong has come. */
  ping(payload: string): Promise<void>;
}

/** A peer that runs. */
export interface Peer {
  /** @throws (rejects with) PeerRefused when there is no 101 */
  connect(url: string, options?: ConnectOptions): Promise<PeerSocket>;
  stop(): Promise<void>;
}

/** A kind of peer: how it is started, whether it can be, and what may be asked of it. */
export interface PeerKind {
  readonly name: string;
  readonly isThere: boolean;
  /** How to get it. */
  readonly install: string;
  start(): Promise<Peer>;
  /** The codes that its `close` takes. */
  readonly closeCodes: readonly number[];
  readonly can: {
    readonly headers: boolean;
    readonly fragments: boolean;
    readonly ping: boolean;
    /** Its `close` without a code sends none; otherwise it sends 1000. */
    readonly closeWithoutCode: boolean;
    /** It tells the status of a refusal. */
    readonly status: boolean;
    readonly drop: boolean;
  };
}

/** The server said no. */
export class PeerRefused extends Error {
  readonly status: number | undefined;

  constructor(status: number | undefined) {
    super(`refused with ${status ?? "a status that is not told"}`);
    this.status = status;
  }
}

/** What every peer may send by the letter of RFC 6455 §7.4 and the registry behind it. */
export const registeredCodes: readonly number[] = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
];
/** What the WebSocket of the browsers may send. */
export const browserCodes: readonly number[] = [1000, 3000, 3999, 4000, 4999];
