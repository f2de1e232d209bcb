// One process behind a proxy: it says whether it is ready, and when it is to stop lets the proxy notice before it closes.
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DrainReport, type Server, serve } from "hawser";

/** A server, and the way to end it. */
export interface App {
  readonly server: Server;
  /** @param noticed resolves when the proxy has seen that this process is not ready any more */
  readonly leave: (noticed: Promise<unknown>) => Promise<DrainReport>;
}

export async function start(port: number): Promise<App> {
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
  const app = await start(Number(process.env["PORT"] ?? 8081));
  console.log(app.server.url);
  // Two health checks, two seconds apart.
  process.once("SIGTERM", () => void app.leave(pause(5000)));
}
