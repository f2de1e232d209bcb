// A client that outlives a restart of its server: it comes back by itself, subscribes again, and sends what waited meanwhile.
import { fileURLToPath } from "node:url";
import { type ReconnectingConnection, reconnecting, type Server, serve } from "hawser";

function startServer(name: string, port = 0): Promise<Server> {
  return serve({ port, accepts: "text" }, async (ws) => {
    for await (const message of ws) ws.send(`${name} server: ${message}`);
  });
}

/** For people to look at: what the client is doing. */
async function show(client: ReconnectingConnection<string>, print: (line: string) => void): Promise<void> {
  for await (const state of client.states()) {
    if (state.phase === "waiting") print(`(attempt ${state.attempt} in ${Math.round(state.delay)} ms)`);
    else print(`(${state.phase})`);
  }
}

export async function demo(print: (line: string) => void): Promise<void> {
  const first = await startServer("first");
  const client = reconnecting(`ws://localhost:${first.port}/`, {
    accepts: "text",
    backoff: { initial: 100, max: 2000 },
    // Each new connection starts from nothing: say again what the server has to know.
    onOpen(ws) {
      ws.send("subscribe");
    },
  });
  const shown = show(client, print);
  client.send("one");
  for (let count = 0; count < 2; count += 1) print(`${await client.receive()}`);

  // 1012, service restart. The hint is in seconds; without one the client would stay away for longer, at random.
  await first.close({ code: 1012, reason: "retry-after=0.2" });
  await client.connection?.closed;
  // Nobody is there: it waits in the queue.
  client.send("two");
  const second = await startServer("second", first.port);
  for (let count = 0; count < 2; count += 1) print(`${await client.receive()}`);

  const { attempts, connections, unsent } = await client.close();
  await shown;
  print(`${attempts} attempts, ${connections} connections, ${unsent.messages} messages unsent`);
  await second.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await demo(console.log);
