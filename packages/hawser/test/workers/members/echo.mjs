// A member's module: an echo that also says who and where it is.
import process from "node:process";

export default {
  message(ws, message) {
    if (message === "pid") ws.send(String(process.pid));
    else if (message === "id") ws.send(ws.id);
    else if (message === "die") process.exit(7);
    else if (message === "block") for (;;);
    else ws.send(message);
  },
};
