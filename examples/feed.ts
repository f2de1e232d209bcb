// A feed that is processed with backpressure: the client is slow, the server waits for it, and memory stays flat at both ends.
import { fileURLToPath } from "node:url";
import { connect, serve } from "hawser";

const lines = 20_000;

/** Sends lines of a kilobyte, and waits whenever the client is behind. */
function startFeed() {
  return serve({ port: 0, host: "127.0.0.1" }, async (ws) => {
    for (let line = 1; line <= lines; line += 1) {
      // False: above limits.sendMark. drain() is true when there is room, and false once there never will be.
      if (!ws.send(String(line).padStart(1024)) && !(await ws.drain())) return;
    }
  });
}

/** Stands for a database. Takes its time, and takes one line at a time. */
class Store {
  stored = 0;

  async put(line: number): Promise<void> {
    await new Promise(setImmediate);
    if (line !== this.stored + 1) throw new Error(`line ${line} came after line ${this.stored}`);
    this.stored = line;
  }
}

export async function demo(): Promise<string[]> {
  const server = await startFeed();
  const store = new Store();
  const ws = await connect(server.url, { accepts: "text" });
  // The next line is asked for when the last one is stored. What comes meanwhile waits, up to limits.inbox; then the socket is
  // paused, and the server's send() says false.
  for await (const line of ws) await store.put(Number(line));
  const { code, messages, bytes } = await ws.closed;
  await server.close();
  return [
    `stored ${store.stored} lines in order`,
    `closed with ${code} after ${messages.received} messages and ${Math.round(bytes.received / 1e6)} MB`,
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await demo()).join("\n"));
