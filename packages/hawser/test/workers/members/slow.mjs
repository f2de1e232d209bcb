// A member's module that takes its time: to load, where its argument says so, and to accept.
import process from "node:process";

const { loading = 0 } = JSON.parse(process.argv[2] ?? "{}");
await new Promise((resolve) => setTimeout(resolve, loading));

export default {
  async upgrade() {
    await new Promise((resolve) => setTimeout(resolve, 1200));
  },
  message(ws, message) {
    ws.send(message === "pid" ? String(process.pid) : message);
  },
};
