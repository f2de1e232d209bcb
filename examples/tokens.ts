// Who is there? A token in a cookie, or, where a page cannot set one, in a subprotocol beside the real one.
//
// In a browser: new WebSocket(url, ["app.v1", `bearer.${token}`]). The answer names "app.v1" and never the token: what the
// server selects is shown by ws.protocol, and lands in logs and in the hands of every proxy.
import { fileURLToPath } from "node:url";
import { defineHandler, refuse, type Server, serve, type UpgradeRequest } from "hawser";

const users = new Map([["3f1d0c9e", "ada"]]);
const subprotocol = "app.v1";
const prefix = "bearer.";

function tokenOf(request: UpgradeRequest): string | undefined {
  const offered = request.subprotocols.find((name) => name.startsWith(prefix));
  return offered?.slice(prefix.length) ?? request.cookies["token"];
}

const app = defineHandler({
  accepts: "text",
  // It may be async, and ask a database: the client waits, for timeouts.handshake at most.
  upgrade(request) {
    const user = users.get(tokenOf(request) ?? "");
    if (user === undefined) return refuse(401, "who are you?", { "WWW-Authenticate": "Bearer" });
    if (request.subprotocols.length === 0) return { state: { user } };
    // A client that offers subprotocols wants one of them: a browser fails the connection otherwise.
    if (!request.subprotocols.includes(subprotocol))
      return refuse(400, `offer ${subprotocol} beside the token`);
    return { state: { user }, subprotocol };
  },
  message(ws, text) {
    ws.send(`${ws.state.user}: ${text}`);
  },
});

export function start(port = 8083): Promise<Server> {
  return serve({ port }, app);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start(Number(process.env["PORT"] ?? 8083));
  console.log(url);
}
