// One process behind a proxy: it says whether it is ready, and when it is to stop lets the proxy notice before it closes.
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DrainReport, type Server, serve } from "hawser";

export async function start(
  port: number,
): Promise<{ server: Server; leave(noticed: Promise<unknown>): Promise<DrainReport> }> {
  let ready = true;
  const server = await serve(
    {
      port,
      host: "127.0.0.1",
      trustProxy: { from: ["127.0.0.1"], headers: "x-forwarded" },
      http(request, response) {
        response.statusCode = request.url !== "/healthz" ? 404 : ready ? 200 : 503;
        response.end();
      },
    },
    async (ws) => {
      ws.send(`you are ${ws.request.remoteAddress}`);
      for await (const message of ws) ws.send(message);
    },
  );
  return {
    server,
    async leave(noticed) {
      ready = false;
      await noticed;
      return server.close({ reason: "restarting", deadline: 10_000 });
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { server, leave } = await start(Number(process.env["PORT"] ?? 8081));
  console.log(server.url);
  // Two health checks, two seconds apart.
  process.once("SIGTERM", () => void leave(pause(5000)));
}
