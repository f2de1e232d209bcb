// One server for every wire version: each client is answered in its own.
//
//   npx tsx examples/all-versions.ts
//   echo hello | npx hawser connect --version hybi-06 :8086
//   echo hello | npx hawser connect --version hixie-76 :8086
//   echo hello | npx hawser connect --version whatwg-2010-08 :8086/whatwg
import { fileURLToPath } from "node:url";
import { allVersions, type Server, serve } from "hawser";

export function start(port = 8086): Promise<Server> {
  return serve(
    {
      port,
      versions: allVersions,
      // Asked only where a request leaves it open: these two ask in the same words. Here the path tells them apart.
      ambiguous: (request) => (request.path === "/whatwg" ? "whatwg-2010-08" : "hixie-76"),
    },
    async (ws) => {
      ws.send(`speaking ${ws.version}`);
      // Where a version has no binary, none comes, and what is sent back is what came.
      for await (const message of ws) ws.send(message);
    },
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start(Number(process.env["PORT"] ?? 8086));
  console.log(url);
}
