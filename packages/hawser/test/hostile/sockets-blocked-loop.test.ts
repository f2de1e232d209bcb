// R9: a handler that blocks the loop for longer than any pong may take. The peer lives in a thread of its own.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { serve } from "hawser";
import { expect, test } from "vitest";
import { eventually, Guard } from "../serve/support/guard.ts";
import { request } from "../serve/support/requests.ts";
import { masked } from "../support/frames.ts";

const guard = new Guard();

/** How long a pong may take, in milliseconds. */
const PONG = 600;

/** Asks for a block as soon as it is pinged, and answers the ping (masked with zeros) while the loop stands still. */
const peerProgram = `
const { connect } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const socket = connect(workerData.port, "127.0.0.1", () => socket.write(workerData.request));
const answered = new Int32Array(workerData.answered);
let blocks = 3;
socket.on("data", (chunk) => {
  if (chunk[0] === 0x48) return parentPort.postMessage("open");
  if (chunk[0] !== 0x89) return;
  const blocked = blocks-- > 0;
  if (blocked) socket.write(workerData.block);
  if (!workerData.answers) return;
  const payload = chunk.subarray(2, 2 + chunk[1]);
  const pong = Buffer.concat([Buffer.from([0x8a, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
  const answer = () => socket.write(pong, () => {
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  });
  if (blocked) setTimeout(answer, 50);
  else answer();
});
socket.on("error", () => undefined);
parentPort.on("message", () => socket.destroy());
`;

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test.each([true, false])(
  "R9: a loop blocked for twice the pong timeout; the peer answers: %s",
  async (answers) => {
    let blocked = 0;
    // How many pings were answered. On a busy machine the peer may be slower than the block is long.
    const answered = new Int32Array(new SharedArrayBuffer(4));
    const reports: unknown[] = [];
    const server = await serve(
      { port: 0, host: "127.0.0.1", timeouts: { keepalive: 200, pong: PONG } },
      {
        message() {
          blocked += 1;
          block(2 * PONG);
          if (answers) Atomics.wait(answered, 0, blocked - 1);
        },
        close: (_ws, report) => void reports.push(report),
      },
    );
    guard.closing(server);
    const worker = new Worker(peerProgram, {
      eval: true,
      workerData: {
        port: server.port,
        request: request(),
        block: masked.text("block"),
        answers,
        answered: answered.buffer,
      },
    });
    expect(await once(worker, "message")).toEqual(["open"]);
    const [ws] = server.connections;
    if (answers) {
      await eventually(() => blocked === 3 || reports.length > 0, "three blocks");
      // One more round, with nothing in the way.
      if (reports.length === 0) await ws!.ping();
      expect([server.size, reports]).toEqual([1, []]);
    } else {
      await ws!.closed;
      expect(reports).toMatchObject([{ cause: "keepalive", limit: "timeouts.pong" }]);
    }
    worker.postMessage("go");
    await worker.terminate();
  },
);
