// Echo: every message goes back as it came, text as text and binary as binary.
import type { Handler } from "hawser";

/** A peer that does not read its echoes is not read from either: nothing piles up here. */
export const echo: Handler = {
  message(ws, message) {
    ws.send(message);
  },
};
