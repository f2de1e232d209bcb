// TLS, and what the request decides: the state of the connection, and a header of the answer.
//
// A certificate to try it with:
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
//     -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -days 30 -keyout key.pem -out cert.pem
//   KEY=key.pem CERT=cert.pem npx tsx examples/tls.ts
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Server, serve } from "hawser";

export function start(port: number, tls: { key: string; cert: string }): Promise<Server> {
  return serve(
    {
      port,
      tls,
      accepts: "text",
      upgrade: (request) => ({
        state: { user: request.cookies["user"] ?? "somebody" },
        headers: { "x-room": request.query.get("room") ?? "hall" },
      }),
    },
    async (ws) => {
      for await (const message of ws) ws.send(`${ws.state.user}: ${message}`);
    },
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tls = {
    key: readFileSync(process.env["KEY"] ?? "key.pem", "utf8"),
    cert: readFileSync(process.env["CERT"] ?? "cert.pem", "utf8"),
  };
  const { url } = await start(Number(process.env["PORT"] ?? 8443), tls);
  console.log(url);
}
