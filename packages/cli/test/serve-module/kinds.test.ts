// hawser serve ./chat.ts: the kinds of modules, and what comes of their connections.
import { connect } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import { folderWith, type Serving, serving } from "./support.ts";

/** A connection of our own client, over what the program serves. */
async function client({ url }: Serving, path = "/") {
  const ws = await connect(`${url}${path}`);
  onTestFinished(async () => void (await ws.terminate()));
  return ws;
}

test("a session, a handler, a behaviour and a map of resources, in TypeScript and in JavaScript", async () => {
  const at = folderWith({
    // What npm init writes: TypeScript is a module all the same, with `hawser` from wherever the command is.
    "package.json": '{ "type": "commonjs" }',
    "session.ts": `
      import { broadcast, type AnyConnection } from "hawser";
      import { greeting } from "./greeting.js";
      enum Mark { Plain, Loud }
      const room = new Set<AnyConnection>();
      const mark = await Promise.resolve(Mark.Loud);
      export default async (ws: AnyConnection) => {
        room.add(ws);
        for await (const message of ws) broadcast(room, \`\${greeting} \${message} \${mark}\`);
      };`,
    "greeting.ts": 'export const greeting: string = "hello";',
    "handler.cjs": 'module.exports = { message(ws, message) { ws.send("handled " + message); } };',
    "untyped/package.json": "{}",
    "untyped/behaviour.js": `
      import { defineBehaviour, reply } from "hawser";
      export default defineBehaviour({ init: () => 0, handle: (event, count) => reply("number " + count, count + 1) });`,
    "map.mts": `
      import session from "./session.ts";
      export default { "/session": session, "/room/:name": { open(ws) { ws.send(ws.request.params.name); } } };`,
  });
  const [session, handler, behaviour, map] = await Promise.all(
    [at("session.ts"), at("handler.cjs"), `file://${at("untyped/behaviour.js")}`, at("map.mts")].map(
      (module) => serving(module),
    ),
  );
  const answer = async (from: Serving | undefined, path = "/") => {
    if (from === undefined) throw new Error("it is not served");
    const ws = await client(from, path);
    ws.send("you");
    return ws.receive();
  };
  expect(await answer(session)).toBe("hello you 1");
  expect(await answer(handler)).toBe("handled you");
  expect(await answer(behaviour)).toBe("number 0");
  expect(await answer(map, "/session")).toBe("hello you 1");
  expect(await answer(map, "/room/harbour")).toBe("harbour");
  await expect(answer(map, "/elsewhere")).rejects.toMatchObject({ status: 404 });
});
