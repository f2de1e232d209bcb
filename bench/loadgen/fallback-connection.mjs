// One connection of the load generator in JavaScript.
import { connect } from "node:net";
import { ReplyCounter } from "./fallback-frame.mjs";

const close = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xff]);
const accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** Opens itself; sends the one frame that there is. */
export class LoadConnection {
  #socket;
  #frame;
  #replies;
  #hear;
  /** The answer to the handshake, as far as it came; undefined behind it. */
  #head = "";
  #closing;
  #rawBytes = 0;
  #raw;
  #compressed;
  #open;
  /** Fulfilled behind the handshake. */
  opened;
  /** Messages. */
  received = 0;
  extension = "";

  /** @param received hears of messages: this connection, and how many */
  constructor({ port, frame, path = "/", raw, compressed, received = () => undefined }) {
    this.#frame = frame;
    this.#raw = raw;
    this.#compressed = compressed;
    this.#hear = received;
    this.#replies = new ReplyCounter(compressed, (payload) => this.#pong(payload));
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => {
      if (raw) {
        this.#head = undefined;
        this.#open();
      } else this.#socket.write(request(port, path, compressed));
    });
    this.#socket.on("data", (chunk) => this.#take(chunk));
    this.#socket.on("close", () => this.#ended());
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Sends so many messages. */
  send(count) {
    this.#socket.write(
      count === 1 ? this.#frame : Buffer.concat(Array.from({ length: count }, () => this.#frame)),
    );
  }

  /** The closing handshake. */
  async close() {
    const closed = new Promise((resolve) => {
      this.#closing = resolve;
    });
    this.#socket.write(close);
    await closed;
  }

  /** With a masking key of zeros, which leaves the payload as it is. */
  #pong(payload) {
    this.#socket.write(Buffer.concat([Buffer.from([0x8a, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
  }

  #take(chunk) {
    const bytes = this.#head === undefined ? chunk : this.#behindHead(chunk);
    if (bytes.length === 0) return;
    const count = this.#raw ? this.#countRaw(bytes) : this.#replies.count(bytes);
    this.received += count;
    if (count > 0) this.#hear(this, count);
    if (this.#replies.closed) this.#ended();
  }

  #countRaw(bytes) {
    this.#rawBytes += bytes.length;
    const count = Math.floor(this.#rawBytes / this.#frame.length);
    this.#rawBytes %= this.#frame.length;
    return count;
  }

  #behindHead(chunk) {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return Buffer.alloc(0);
    const head = this.#head.slice(0, end);
    if (!head.startsWith("HTTP/1.1 101") || !head.includes(accepted))
      throw new Error(`the server answered: ${head}`);
    this.extension = /^sec-websocket-extensions: *(.*)$/im.exec(head)?.[1] ?? "";
    if (this.#compressed && !this.extension.includes("permessage-deflate")) {
      throw new Error("the server did not accept permessage-deflate");
    }
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = undefined;
    this.#open();
    return rest;
  }

  #ended() {
    if (this.#closing === undefined) throw new Error("the server ended a connection");
    this.#closing();
    this.#socket.resetAndDestroy();
  }
}

function request(port, path, compressed) {
  const offer = compressed ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "";
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${offer}\r\n`
  );
}
