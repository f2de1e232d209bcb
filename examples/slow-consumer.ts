// A price ticker and a client that stops reading: what plain sending does, and a feed that skips what came too late.
import { fileURLToPath } from "node:url";
import { type AnyConnection, type TestPair, testPair } from "hawser";

/** Sends values as they come. To a peer that is behind it sends the newest one once there is room, and none in between. */
export class LatestOnly {
  readonly #ws: AnyConnection;
  #behind = false;
  #newest: string | undefined;

  constructor(ws: AnyConnection) {
    this.#ws = ws;
  }

  offer(value: string): void {
    if (this.#behind) this.#newest = value;
    // False: more than limits.sendMark waits. This value was accepted; the next ones have to wait.
    else if (!this.#ws.send(value)) void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    this.#behind = true;
    const room = await this.#ws.drain();
    this.#behind = false;
    const value = this.#newest;
    this.#newest = undefined;
    // No room is the end of the connection: nothing is left to do.
    if (room && value !== undefined) this.offer(value);
  }
}

/** Ticks until the connection ends, at most so many times. Each is a kilobyte. */
async function tick(pair: TestPair, offer: (price: string) => unknown, times: number): Promise<string> {
  let most = 0;
  for (let price = 1; price <= times && pair.server.phase === "open"; price += 1) {
    offer(String(price).padStart(1000));
    most = Math.max(most, pair.server.bufferedAmount);
    // What is sent in one turn of the loop goes out together at its end.
    await new Promise(setImmediate);
  }
  return `at most ${Math.round(most / 1024)} KiB waited, the phase is ${pair.server.phase}`;
}

export async function demo(): Promise<string[]> {
  const plain = testPair();
  plain.toClient.stall(); // the client's socket is open, and nobody reads from it
  const sent = await tick(plain, (price) => plain.server.send(price), 2000);

  const latest = testPair();
  latest.toClient.stall();
  const feed = new LatestOnly(latest.server);
  const fed = await tick(latest, (price) => feed.offer(price), 2000);
  latest.toClient.unstall();
  let count = 0;
  for (let price = 0; price !== 2000; count += 1) price = Number(await latest.client.receive());
  return [`plain: ${sent}`, `latest only: ${fed}, and the client got ${count} of 2000, with the last`];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await demo()).join("\n"));
