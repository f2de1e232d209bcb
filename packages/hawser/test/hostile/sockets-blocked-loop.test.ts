// R9: a handler that blocks the loop for longer than any pong may take. The peer lives in a thread of its own.
import { once } from "node:events";
import { createServer } from "node:net";
import { Worker } from "node:worker_threads";
import { serve } from "hawser";
import { expect, test } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import { request } from "../serve/support/requests.ts";
import { echo } from "../serve/support/ways-in.ts";

const guard = new Guard();

/** Connects, answers pings at once (masked with zeros), and says what happened. */
const peerProgram = `
const { connect } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const socket = connect(workerData.port, "127.0.0.1", () => socket.write(workerData.request));
socket.on("data", (chunk) => {
  if (chunk[0] === 0x48) return parentPort.postMessage("open");
  if (chunk[0] !== 0x89 || !workerData.answers) return;
  socket.write(Buffer.concat([Buffer.from([0x8a, 0x80 | chunk[1], 0, 0, 0, 0]), chunk.subarray(2, 2 + chunk[1])]));
});
socket.on("error", () => undefined);
socket.on("close", () => parentPort.postMessage("closed"));
parentPort.on("message", () => socket.destroy());
`;

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test.each([true, false])(
  "R9: a loop blocked for twice the pong timeout; the peer answers: %s",
  async (answers) => {
    const listener = createServer();
    let blocked = 0;
    listener.on("connection", (socket) => {
      const write = socket.write.bind(socket);
      // As soon as a ping has gone out, the loop stands still for longer than its answer may take.
      const writeAndBlock = (bytes: Uint8Array, done?: () => void) => {
        if (bytes[0] === 0x89 && blocked < 3) {
          blocked += 1;
          process.nextTick(block, 600);
        }
        return write(bytes, done);
      };
      Object.assign(socket, { write: writeAndBlock });
    });
    const reports: unknown[] = [];
    const starting = serve({ listener, timeouts: { keepalive: 200, pong: 300 } }, async (ws) => {
      void ws.closed.then((report) => reports.push(report));
      await echo(ws);
    });
    listener.listen(0, "127.0.0.1");
    const server = await starting;
    guard.closing(server);
    const worker = new Worker(peerProgram, {
      eval: true,
      workerData: { port: server.port, request: request(), answers },
    });
    expect(await once(worker, "message")).toEqual(["open"]);
    const [ws] = server.connections;
    if (answers) {
      await new Promise<void>((resolve) => {
        const look = () => (blocked === 3 && ws?.latency !== undefined ? resolve() : void setImmediate(look));
        look();
      });
      // One more round, with nothing in the way.
      await ws!.ping();
      expect([server.size, reports]).toEqual([1, []]);
    } else {
      await ws!.closed;
      expect(reports).toMatchObject([{ cause: "keepalive", limit: "timeouts.pong" }]);
    }
    worker.postMessage("go");
    await worker.terminate();
  },
);
