// Hawser, by sessions: an echo.
import { serve } from "hawser";
import { announce, compression, maxMessage } from "./lifetime.mjs";

async function echo(ws) {
  for await (const message of ws) ws.send(message);
}

const server = await serve(
  {
    port: 0,
    host: "127.0.0.1",
    limits: { message: maxMessage },
    ...(compression && { compression: true }),
  },
  echo,
);
announce(server.port);
