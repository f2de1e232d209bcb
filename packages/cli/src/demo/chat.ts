// Chat: rooms are made by whoever comes first, and are gone with whoever leaves last.
import { broadcast, type Connection, type Handler, refuse } from "hawser";

/** What a connection knows of itself. */
interface Guest {
  readonly name: string;
  readonly room: string;
}

type Member = Connection<string, Guest>;

const MAX_ROOMS = 50;
const MAX_MEMBERS = 20;
/** The longest line that is passed on, in characters. */
const MAX_LINE = 2000;

/** A chat of its own: its rooms are not those of another. */
export function chatRooms(): Handler<"text", Guest> {
  const rooms = new Map<string, Set<Member>>();
  let guests = 0;

  return {
    accepts: "text",

    upgrade({ params }) {
      const room = params["room"] ?? "";
      if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]{0,31}$/u.test(room)) {
        return refuse(
          400,
          "a room is named with 1 to 32 letters, digits, spaces, dots, dashes and underscores",
        );
      }
      guests += 1;
      return { state: { name: `guest ${guests}`, room } };
    },

    // A browser is not told why a handshake was refused, but it is told why a connection was closed.
    open(ws) {
      const { name, room } = ws.state;
      const members = rooms.get(room) ?? new Set();
      if (members.size === 0 && rooms.size >= MAX_ROOMS) return ws.close(1013, "there are enough rooms");
      if (members.size >= MAX_MEMBERS) return ws.close(1013, "the room is full");
      rooms.set(room, members.add(ws));
      return broadcast(members, `${name} came in, ${members.size} here`);
    },

    message(ws, line) {
      const { name, room } = ws.state;
      if (line.length > MAX_LINE) ws.send(`(not passed on: a line has at most ${MAX_LINE} characters)`);
      else broadcast(rooms.get(room) ?? [], `${name}: ${line}`);
    },

    close(ws) {
      const { name, room } = ws.state;
      const members = rooms.get(room);
      if (members?.delete(ws) !== true) return;
      if (members.size === 0) rooms.delete(room);
      else broadcast(members, `${name} left, ${members.size} here`);
    },
  };
}
