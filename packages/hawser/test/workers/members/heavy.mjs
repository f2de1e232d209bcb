// A member's module that keeps much for each connection: 200 KB of heap.
import process from "node:process";

export default {
  open(ws) {
    ws.state = Array.from({ length: 25_000 }, (_, index) => index + 0.5);
    ws.send(String(process.pid));
  },
  message: (ws, message) => void ws.send(message),
};
