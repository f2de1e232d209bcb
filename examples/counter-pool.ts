// A behaviour with state, a counter for each connection, on four processes behind one port: all of it in this file.
//
//   npx tsx examples/counter-pool.ts
import { fileURLToPath } from "node:url";
import { close, defineBehaviour, noreply, reply, startPool } from "hawser";

interface Counter {
  readonly count: number;
  readonly pid: number;
}

export default defineBehaviour({
  accepts: "text",
  init: (): Counter => ({ count: 0, pid: process.pid }),
  handle(event, { count, pid }) {
    if (event.type !== "text") return noreply({ count, pid });
    if (event.data === "bye") return [reply(`that was ${count}`, { count, pid }), close({ count, pid })];
    return reply(`${event.data} is number ${count + 1} in process ${pid}`, { count: count + 1, pid });
  },
});

// In a member this is where it begins; in the primary, where the members are started.
const pool = await startPool({
  module: import.meta.url,
  workers: 4,
  port: Number(process.env["PORT"] ?? 8080),
});

if (pool.role === "primary") {
  console.log(
    `${fileURLToPath(import.meta.url)} at ${pool.url}; Ctrl-C ends it, kill -HUP ${process.pid} restarts its members`,
  );
  const { error } = await pool.closed;
  console.log(error?.message ?? "closed");
}
