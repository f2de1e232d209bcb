// What the tests of the transports share: a receiver that writes down what it hears, and sockets on the loopback.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectPlain, createServer, type Server, type Socket } from "node:net";
import { Writable } from "node:stream";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { Receiver, Transport } from "../../src/transport/transport.ts";
import type { Output } from "../../src/wire/wire.ts";

/** Writes down what a transport says; `until` waits for it. */
export class Recorder implements Receiver {
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];
  bytes = 0;
  error: Error | undefined;
  /** Called at each event, first. */
  onEvent: ((event: string) => void) | undefined;
  #waiting: (() => void)[] = [];

  received(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    this.#say(`received ${chunk.length}`);
  }

  receivedEnd(): void {
    this.#say("end");
  }

  drained(): void {
    this.#say("drained");
  }

  lost(error: Error | undefined): void {
    this.error = error;
    this.#say(error === undefined ? "lost" : `lost ${"code" in error ? String(error.code) : error.name}`);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  get isLost(): boolean {
    return this.events.at(-1)?.startsWith("lost") ?? false;
  }

  has(event: string): boolean {
    return this.events.includes(event);
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #say(event: string): void {
    this.events.push(event);
    this.onEvent?.(event);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Waits some turns of the loop: enough for everything that is under way in memory. */
export async function turns(count = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Puts text into the slab, as an encoder does. */
export function put(output: Output, text: string): void {
  const slab = output.reserve(text.length);
  slab.used += slab.bytes.write(text, slab.used, "latin1");
}

/** Starts a transport with a new recorder. */
export function record(transport: Transport): Recorder {
  const recorder = new Recorder();
  transport.start(recorder);
  return recorder;
}

/** A connected pair of TCP sockets. */
export async function socketPair(allowHalfOpen = false): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen });
  const port = await listen(server);
  const client = connectPlain({ port, host: "127.0.0.1", allowHalfOpen });
  const accepted: Socket[] = await once(server, "connection");
  await once(client, "connect");
  return finishPair(server, client, accepted[0]!);
}

/** A connected pair of TLS sockets. A shared key stands in for a certificate. */
export async function tlsPair(): Promise<[TLSSocket, TLSSocket]> {
  const psk = Buffer.alloc(32, 7);
  const settings = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
  const server = createTlsServer({ ...settings, pskCallback: () => psk });
  const port = await listen(server);
  const client = connectTls({
    ...settings,
    port,
    host: "127.0.0.1",
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk, identity: "test" }),
  });
  const accepted: TLSSocket[] = await once(server, "secureConnection");
  if (!client.authorized && client.getProtocol() === null) await once(client, "secureConnect");
  return finishPair(server, client, accepted[0]!);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function finishPair<Kind extends Socket>(server: Server, client: Kind, accepted: Kind): [Kind, Kind] {
  server.close();
  onTestFinished(() => {
    client.destroy();
    accepted.destroy();
  });
  return [client, accepted];
}

/** A Writable that counts calls, and takes a write when it is told to. */
export class StubStream extends Writable {
  /** One entry per call of `_write` or `_writev`. */
  readonly calls: string[] = [];
  /** Takes writes at once, as a socket whose buffer has room. */
  open = true;
  readonly #held: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 1 });
  }

  get text(): string {
    return this.calls.join("");
  }

  /** Takes what was written. */
  take(): void {
    for (const done of this.#held.splice(0)) done();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#wrote([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#wrote(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  #wrote(chunks: Buffer[], done: () => void): void {
    // As in a socket: a write of nothing has nobody to wait for.
    if (chunks.every((chunk) => chunk.length === 0)) {
      done();
      return;
    }
    this.calls.push(Buffer.concat(chunks).toString("latin1"));
    if (this.open) done();
    else this.#held.push(done);
  }
}
