// wss with a private CA: the server's certificate is signed by an authority that only you trust.
//
// An authority, a certificate of it for localhost, the server of examples/tls.ts with that, and this client:
//   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Our Authority" \
//     -days 30 -keyout ca-key.pem -out ca.pem
//   openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
//     -addext subjectAltName=DNS:localhost -keyout key.pem -out request.pem
//   openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -copy_extensions copy \
//     -days 30 -out cert.pem
//   npx tsx examples/tls.ts
//   CA=ca.pem npx tsx examples/private-ca.ts
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { connect } from "hawser";

/** @param ca the authority's certificate, which takes the place of the public authorities for this connection */
export async function greet(url: string, ca: string, user: string): Promise<string> {
  const ws = await connect(url, { tls: { ca }, headers: { Cookie: `user=${user}` }, accepts: "text" });
  ws.send("hello");
  const answer = await ws.receive();
  await ws.close();
  return `${ws.response.headers.get("x-room")}: ${answer}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ca = readFileSync(process.env["CA"] ?? "ca.pem", "utf8");
  console.log(await greet(process.env["URL"] ?? "wss://localhost:8443/?room=tea", ca, "ada"));
}
