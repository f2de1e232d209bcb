// A client with websocket, the package, that does what it is asked: one question a line of its input, one answer a line of its output.
import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";
import websocket from "websocket";

const LIMIT = 4 * 1024 * 1024;
const versions = { "hybi-08": 8, rfc6455: 13 };
const opcodes = { text: 1, binary: 2, continuation: 0 };

/** A queue whose takers may come before what they take. */
class Arrivals {
  #values = [];
  #takers = [];

  put(value) {
    if (this.#takers.length > 0) this.#takers.shift()(value);
    else this.#values.push(value);
  }

  take() {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift());
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}

const sockets = [];

const unpack = (parcel) =>
  "text" in parcel
    ? { kind: "text", bytes: Buffer.from(parcel.text) }
    : { kind: "binary", bytes: Buffer.from(parcel.base64, "base64") };

const pack = ({ type, utf8Data, binaryData }) =>
  type === "utf8" ? { text: utf8Data } : { base64: binaryData.toString("base64") };

function connect({ url, version, subprotocols = [] }) {
  const client = new websocket.client({
    webSocketVersion: versions[version],
    maxReceivedFrameSize: LIMIT,
    maxReceivedMessageSize: LIMIT,
    fragmentOutgoingMessages: false,
  });
  return new Promise((resolve, reject) => {
    client.on("connectFailed", reject);
    client.on("connect", (ws) => {
      const messages = new Arrivals();
      const pongs = new Arrivals();
      ws.on("message", (message) => messages.put(pack(message)));
      ws.on("pong", (payload) => pongs.put(String(payload)));
      const closed = new Promise((ended) => {
        ws.on("close", (code, reason) => ended({ code, reason: reason ?? "" }));
      });
      sockets.push({ ws, messages, pongs, closed });
      resolve({ id: sockets.length - 1, subprotocol: ws.protocol ?? "" });
    });
    client.connect(url, subprotocols, "http://localhost");
  });
}

const operations = {
  connect,
  send({ id, message }) {
    const { kind, bytes } = unpack(message);
    const { ws } = sockets[id];
    if (kind === "text") ws.sendUTF(bytes.toString());
    else ws.sendBytes(bytes);
  },
  receive: ({ id }) => sockets[id].messages.take(),
  fragments({ id, messages }) {
    const { ws } = sockets[id];
    for (const [index, message] of messages.entries()) {
      const { kind, bytes } = unpack(message);
      const frame = new websocket.frame(ws.maskBytes, ws.frameHeader, ws.config);
      frame.opcode = opcodes[index === 0 ? kind : "continuation"];
      frame.fin = index === messages.length - 1;
      frame.binaryPayload = bytes;
      ws.sendFrame(frame);
    }
  },
  async ping({ id, payload }) {
    const { ws, pongs } = sockets[id];
    ws.ping(payload);
    const pong = await pongs.take();
    if (pong !== payload) throw new Error(`another pong: ${pong}`);
  },
  close: ({ id, code, reason }) => sockets[id].ws.close(code, reason),
  closed: ({ id }) => sockets[id].closed,
  drop: ({ id }) => sockets[id].ws.socket.destroy(),
};

async function answer({ number, operation, argument }) {
  try {
    const result = (await operations[operation](argument)) ?? null;
    console.log(JSON.stringify({ number, result }));
  } catch (error) {
    console.log(JSON.stringify({ number, error: String(error) }));
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(JSON.parse(line)));
lines.on("close", () => process.exit());
