// A member's module: an echo that also says who and where it is.
import process from "node:process";

export default {
  message(ws, message) {
    if (message === "pid") ws.send(String(process.pid));
    else if (message === "id") ws.send(ws.id);
    else if (message === "die") process.exit(7);
    else if (message === "block") for (;;);
    else if (message === "block for a while") block(4000, ws);
    else ws.send(message);
  },
};

function block(milliseconds, ws) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  ws.send("done");
}
