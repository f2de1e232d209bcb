// A certificate is replaced while connections live on: whoever is connected keeps the old one, whoever comes gets the new one.
//
//   KEY=key.pem CERT=cert.pem npx tsx examples/new-certificate.ts
//
// After the files were renewed: kill -HUP with the number it prints. With a pool it is the same: `pool.setTls()`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Server, serve } from "hawser";

export interface Files {
  readonly key: string;
  readonly cert: string;
}

function read({ key, cert }: Files): { key: Buffer; cert: Buffer } {
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

export function start(port: number, files: Files): Promise<Server> {
  return serve({ port, tls: read(files) }, async (ws) => {
    for await (const message of ws) ws.send(message);
  });
}

/** Returns whether the files were fit to be used; if not, the server goes on with what it has. */
export function renew(server: Server, files: Files): boolean {
  try {
    server.setTls(read(files));
    return true;
  } catch (error) {
    console.error(`the old certificate stays: ${String(error)}`);
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = { key: process.env["KEY"] ?? "key.pem", cert: process.env["CERT"] ?? "cert.pem" };
  const server = await start(Number(process.env["PORT"] ?? 8443), files);
  process.on("SIGHUP", () => renew(server, files) && console.log("a new certificate"));
  console.log(`${server.url}, process ${process.pid}`);
}
