// A server with this library that does what the path says (see client-suite.ts). Prints its two ports, and ends with its stdin.
import { readFileSync } from "node:fs";
import process from "node:process";
import { refuse, serve } from "../../src/index.ts";
import { endOf } from "./server-ends.mjs";

const MiB = 1024 * 1024;
const onMessage = {
  "/echo": async (ws, message) => {
    ws.send(message);
    await ws.drain();
  },
  "/close": (ws, _message, query) => {
    const code = query.get("code");
    void (code === null ? ws.close() : ws.close(Number(code), query.get("reason") ?? ""));
  },
  "/drop": (ws) => void ws.terminate(),
  "/ping": async (ws, message) => {
    await ws.ping(message);
    ws.send(`pong ${message}`);
  },
  "/fragments": async (ws, message) => {
    const third = Math.ceil(message.length / 3);
    const parts = [0, 1, 2].map((part) => message.slice(part * third, (part + 1) * third));
    await ws.sendStream(typeof message === "string" ? "text" : "binary", parts);
  },
};

const options = {
  host: "127.0.0.1",
  port: 0,
  backlog: 4096,
  limits: { message: 4 * MiB, sendBuffer: 4 * MiB, handshakes: 4096 },
  // As patient as the clients of the crowd.
  timeouts: { handshake: 150_000, keepalive: Number.POSITIVE_INFINITY },
  upgrade(request) {
    if (request.path === "/refused") return refuse(401, "who are you?", { "X-Why": "no" });
    const subprotocol = request.subprotocols.find((name) => name === "chat.v2");
    const headers = Object.fromEntries(
      [...request.headers].map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { state: { target: request.target, headers }, subprotocol, headers: { "X-Room": "a" } };
  },
};

const handler = {
  open(ws) {
    const { path, query } = ws.request;
    if (path === "/request") ws.send(JSON.stringify(ws.state));
    if (path === "/end") void endOf(query.get("of")).told.then((end) => ws.send(JSON.stringify(end)));
  },
  message: (ws, message) => onMessage[ws.request.path]?.(ws, message, ws.request.query),
  close(ws, { code, reason }) {
    endOf(ws.request.query.get("id")).tell({ code, reason });
  },
};

const [key, cert] = process.argv.slice(2).map((file) => readFileSync(file));
const plain = await serve(options, handler);
const secure = await serve({ ...options, tls: { key, cert } }, handler);
console.log(JSON.stringify({ ws: plain.port, wss: secure.port }));
process.stdin.resume().on("end", () => process.exit());
