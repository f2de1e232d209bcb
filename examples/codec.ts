// The protocol without any I/O: two machines, and byte arrays carried between them by hand.
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createWire, OutputBuffer, type Role, type Sink, type Wire, type WireEnd } from "hawser/wire";

/** One end: bytes that it writes collect in its OutputBuffer, events go to a log. */
class End extends OutputBuffer implements Sink {
  readonly wire: Wire;
  readonly #name: Role;
  readonly #log: string[];

  constructor(role: Role, log: string[]) {
    super();
    this.#name = role;
    this.#log = log;
    // Time and randomness are arguments: nothing in the machine looks at a clock.
    this.wire = createWire({ role, sink: this, now: 0, maskKey: () => randomBytes(4).readInt32LE() });
  }

  message(data: string | Uint8Array): boolean {
    this.#log.push(`${this.#name} got ${typeof data === "string" ? data : `${data.length} bytes`}`);
    return true; // false holds the rest back until wire.resume()
  }
  ping(payload: Uint8Array): void {
    this.wire.pong(payload);
  }
  closed({ code, reason, clean }: WireEnd): void {
    this.#log.push(`${this.#name} ended: ${code} ${reason}, ${clean ? "clean" : "not clean"}`);
  }
  // For streamed messages, answered pings, and extensions that work elsewhere: nothing of that here.
  fragment = () => true;
  pong = () => undefined;
  ready = () => undefined;
  /** "Half-close the transport behind what was written": here the other end hears of it at once. */
  end = () => undefined;
}

export function demo(): string[] {
  const log: string[] = [];
  const client = new End("client", log);
  const server = new End("server", log);
  // The chunk is the machine's from then on: OutputBuffer.take() gives a fresh one each time.
  const carry = (from: End, to: End, now: number) => to.wire.receive(from.take(), now);

  client.wire.sendText("hello");
  client.wire.sendBinary(new Uint8Array(3));
  carry(client, server, 1);
  server.wire.close(1000, "that was all", 2);
  carry(server, client, 3);
  carry(client, server, 4);
  for (const { wire } of [server, client]) wire.receiveEnd(5);
  return log;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(demo().join("\n"));
