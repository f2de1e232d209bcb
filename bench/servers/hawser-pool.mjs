// Hawser, a pool of one member: echo. The primary and the member share a core, so that what both need together is compared.
import { startPool } from "hawser";
import { announce, maxMessage } from "./lifetime.mjs";

export default {
  message(ws, message) {
    ws.send(message);
  },
};

const pool = await startPool({
  module: import.meta.url,
  workers: 1,
  port: 0,
  host: "127.0.0.1",
  limits: { message: maxMessage },
  signals: false,
});
if (pool.role === "primary") announce(pool.port, ...pool.stats().members.map(({ pid }) => pid));
