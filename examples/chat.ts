// A chat with rooms, kept by hand: connect to /chat/tea?name=ada and to /chat/tea?name=bob.
import { fileURLToPath } from "node:url";
import { type AnyConnection, broadcast, defineHandler, refuse, type Server, serve } from "hawser";

export function start(port = 8081): Promise<Server> {
  const rooms = new Map<string, Set<AnyConnection>>();

  function join(name: string, ws: AnyConnection): Set<AnyConnection> {
    const room = rooms.get(name) ?? new Set();
    rooms.set(name, room.add(ws));
    return room;
  }

  const chat = defineHandler("/chat/:room", {
    accepts: "text",
    // What this returns becomes ws.state in the other hooks.
    upgrade(request) {
      const name = request.query.get("name");
      if (name === null) return refuse(400, "say who you are, as in ?name=ada");
      return { state: { name, room: request.params.room } };
    },
    open(ws) {
      const { name, room } = ws.state;
      broadcast(join(room, ws), `${name} came in`);
    },
    message(ws, text) {
      const { name, room } = ws.state;
      // Framed once, written to many; a member that does not read slows nobody down.
      broadcast(rooms.get(room) ?? [], `${name}: ${text}`, { except: ws });
    },
    // Runs once for every connection whose open hook ran, however it ended.
    close(ws) {
      const { name, room: roomName } = ws.state;
      const room = rooms.get(roomName);
      room?.delete(ws);
      if (room?.size === 0) rooms.delete(roomName);
      else broadcast(room ?? [], `${name} went away`);
    },
  });

  return serve({ port, resources: [chat] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start(Number(process.env["PORT"] ?? 8081));
  console.log(`${url}/chat/tea?name=ada`);
}
