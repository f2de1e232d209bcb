// A server on descriptor 3, as a service manager hands it over. Started by places.test.ts, under tsx.
import process from "node:process";
import { serve } from "../../src/index.ts";

const server = await serve({ fd: 3 }, async (ws) => {
  for await (const message of ws) ws.send(message);
});
process.once("SIGTERM", () => void server.close());
console.log(`port ${server.port}`);
