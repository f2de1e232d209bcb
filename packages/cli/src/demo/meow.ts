// Meow: a session, one async function that owns the connection from its start to its end.
import type { Handler } from "hawser";

/** Greets, and answers each text. Binary messages are not welcome: they end the connection with 1003. */
export const meow: Handler<"text"> = {
  accepts: "text",
  async session(ws) {
    ws.send("滴水之恩当以涌泉相报");
    for await (const message of ws) ws.send(`${message}, MEOW!`);
  },
};
