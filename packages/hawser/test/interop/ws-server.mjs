// A server with ws, the package, that does what the path says (see client-suite.ts). Prints its two ports, and ends with its stdin.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import process from "node:process";
import { WebSocketServer } from "ws";
import { endOf } from "./server-ends.mjs";

const MiB = 1024 * 1024;
const onMessage = {
  "/echo": (ws, data, binary) => ws.send(data, { binary }),
  "/close": (ws, _data, _binary, query) => {
    const code = query.get("code");
    if (code === null) ws.close();
    else ws.close(Number(code), query.get("reason") ?? "");
  },
  "/drop": (ws) => ws.terminate(),
  "/ping": (ws, data) => ws.ping(data),
  "/fragments": (ws, data, binary) => {
    const third = Math.ceil(data.length / 3);
    for (let part = 0; part < 3; part += 1) {
      ws.send(data.subarray(part * third, (part + 1) * third), { binary, fin: part === 2 });
    }
  },
};

function serve(http) {
  const wss = new WebSocketServer({
    noServer: true,
    maxPayload: 4 * MiB,
    handleProtocols: (offered) => (offered.has("chat.v2") ? "chat.v2" : false),
  });
  wss.on("headers", (lines) => lines.push("X-Room: a"));
  http.on("upgrade", (request, socket, head) => {
    const { pathname: path, searchParams: query } = new URL(request.url, "http://a");
    if (path === "/refused") {
      const body = "who are you?";
      const lines = ["HTTP/1.1 401 Unauthorized", "X-Why: no", `Content-Length: ${body.length}`, "", body];
      socket.end(lines.join("\r\n"));
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      ws.on("error", () => undefined);
      ws.on("message", (data, binary) => onMessage[path]?.(ws, data, binary, query));
      ws.on("pong", (payload) => ws.send(`pong ${String(payload)}`));
      ws.on("close", (code, reason) => endOf(query.get("id")).tell({ code, reason: String(reason) }));
      if (path === "/request") ws.send(JSON.stringify({ target: request.url, headers: request.headers }));
      if (path === "/end") void endOf(query.get("of")).told.then((end) => ws.send(JSON.stringify(end)));
    });
  });
  return new Promise((resolve) => http.listen(0, "127.0.0.1", 4096, () => resolve(http.address().port)));
}

const [key, cert] = process.argv.slice(2).map((file) => readFileSync(file));
const ports = { ws: await serve(createServer()), wss: await serve(createTlsServer({ key, cert })) };
console.log(JSON.stringify(ports));
process.stdin.resume().on("end", () => process.exit());
