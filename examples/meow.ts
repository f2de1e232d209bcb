// A server in a few lines: it greets, and answers every message with MEOW.
import { fileURLToPath } from "node:url";
import { type Server, serve } from "hawser";

export function start(port = 8080): Promise<Server> {
  return serve({ port, accepts: "text" }, async (ws) => {
    ws.send("滴水之恩当以涌泉相报");
    // With accepts: "text" every message is a string. The loop ends when the client closes.
    for await (const message of ws) ws.send(`${message}, MEOW!`);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start(Number(process.env["PORT"] ?? 8080));
  console.log(url);
}
