// Through a CONNECT proxy: the way out of a network that has no other.
//
// With a proxy at port 3128, and the server of examples/meow.ts:
//   PROXY=http://localhost:3128 URL=ws://localhost:8080 npx tsx examples/proxy.ts
import { fileURLToPath } from "node:url";
import { connect, HandshakeError } from "hawser";

/** Hears what the server says first, says it back, and gives both that and the answer. */
export async function visit(url: string, proxy: string): Promise<string> {
  try {
    // The proxy sees host and port. With wss: it sees nothing else.
    const ws = await connect(url, { proxy, accepts: "text" });
    const greeting = (await ws.receive()) ?? "the server hung up";
    ws.send(greeting);
    const answer = await ws.receive();
    await ws.close();
    return `${greeting} / ${answer}`;
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error;
    if (error.status === 407) return "the proxy wants to know who you are: http://name:password@host:port";
    return error.message;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { URL: url = "ws://localhost:8080", PROXY: proxy = "http://localhost:3128" } = process.env;
  console.log(await visit(url, proxy));
}
