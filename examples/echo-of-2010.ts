// The echo of 2010: text alone, and the origin model of the browsers of its day.
//
// The server's answer says again which page asked, and for which URL. A client that finds another page or another URL there goes
// no further: an attacker cannot send it to a server that did not mean to talk to it.
//
//   npx tsx examples/echo-of-2010.ts
//   URL=ws://localhost:8085/echo npx tsx examples/echo-of-2010.ts
import { fileURLToPath } from "node:url";
import { connect, HandshakeError, type Server, serve } from "hawser";

/** They shake hands in the same words, so that both ends have to know which one it is. */
export type VersionOf2010 = "hixie-76" | "whatwg-2010-08";

const page = "http://chat.example";

/** Pages of the server's own origin may connect, and those of `page`. */
export function start(version: VersionOf2010, port = 8085): Promise<Server> {
  return serve({ port, versions: [version], accepts: "text", origins: [page] }, async (ws) => {
    for await (const message of ws) ws.send(message);
  });
}

/** Says something, as a page of this origin would, and gives what came of it. */
export async function visit(url: string, version: VersionOf2010, origin: string = page): Promise<string[]> {
  try {
    // Rejects for an answer with another Origin, another Location, a missing one, or without the proof that the keys were read.
    const ws = await connect(url, { version, accepts: "text", headers: { Origin: origin } });
    const { headers } = ws.response;
    ws.send("hello, 2010");
    const answer = await ws.receive();
    const { clean } = await ws.close();
    return [
      `origin: ${headers.get("sec-websocket-origin")}`,
      `location: ${headers.get("sec-websocket-location")}`,
      `answer: ${answer}`,
      clean ? "closed by both ends" : "cut off",
    ];
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    return [error.message];
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const version = process.env["VERSION"] === "whatwg-2010-08" ? "whatwg-2010-08" : "hixie-76";
  const { URL: url, PORT: port = 8085 } = process.env;
  if (url === undefined) console.log((await start(version, Number(port))).url);
  else console.log((await visit(url, version)).join("\n"));
}
