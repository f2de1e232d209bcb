// A member's module: a map of resources, with a behaviour among them.
import { defineBehaviour, noreply, reply } from "hawser";

export default {
  "/count": defineBehaviour({
    accepts: "text",
    init: () => 0,
    handle: (event, count) => {
      if (event.type === "text") return reply(`${event.data} ${count + 1}`, count + 1);
      return event.type === "notice" ? reply(`notice: ${String(event.value)}`, count) : noreply(count);
    },
  }),
  "/id": async (ws) => {
    ws.send(ws.id);
    for await (const message of ws) ws.send(message);
  },
};
