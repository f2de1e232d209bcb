// A program and its members in one file: what they say is theirs to say, so the options may have functions.
import process from "node:process";
import { startPool } from "hawser";

const { options, loading = 0 } = JSON.parse(process.argv[2] ?? "{}");

export default {
  upgrade: (request) => ({ state: request.path }),
  async message(ws, message) {
    if (message === "pid") ws.send(String(process.pid));
    else if (message === "role") ws.send(`${pool.role} ${pool.url === "" ? "nowhere" : "somewhere"}`);
    else if (message === "throw") throw new Error("on purpose");
    else if (message === "hour ahead" || message === "hour back") {
      const now = Date.now();
      Date.now = () => now + (message === "hour ahead" ? 3_600_000 : -3_600_000);
      ws.send("done");
    } else ws.send(message);
  },
};

const pool = await startPool({
  module: import.meta.url,
  port: 0,
  host: "127.0.0.1",
  workers: 2,
  http: (_request, response) => response.end("well"),
  onError: (error) => process.send?.({ type: "user", fault: error.message }),
  onReady: () => say("ready"),
  onDraining: () => say("draining"),
  ...options,
});

// A member that takes its time to load.
if (pool.role === "member") await new Promise((resolve) => setTimeout(resolve, loading));

if (pool.role === "primary") {
  say(pool.url, ...pool.stats().members.map(({ pid }) => pid));
  void pool.closed.then(({ error }) => say("closed", error?.message ?? "well"));
}

function say(...words) {
  process.stdout.write(`${words.join(" ")}\n`);
}
