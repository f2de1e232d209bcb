// A member's module: a map of resources, a behaviour among them, and one that does as it is told with connections elsewhere.
import { currentPool, defineBehaviour, noreply, reply } from "hawser";

export default {
  "/count": defineBehaviour({
    accepts: "text",
    init: () => 0,
    handle: (event, count) => {
      if (event.type === "text") return reply(`${event.data} ${count + 1}`, count + 1);
      if (event.type === "notice") return reply(`notice: ${JSON.stringify(event.value)}`, count);
      return noreply(count);
    },
  }),
  "/notices": defineBehaviour({
    init: ({ ws }) => ws.send(ws.id),
    handle: (event, state) =>
      event.type === "notice" ? reply(JSON.stringify(event.value), state) : noreply(state),
  }),
  "/id": async (ws) => {
    ws.send(ws.id);
    for await (const message of ws) ws.send(message);
  },
  "/calls": async (ws) => {
    const pool = currentPool();
    for await (const message of ws) {
      const [name, ...rest] = JSON.parse(message);
      const answer = await pool[name](...rest).catch((error) => `${error.name}: ${error.message}`);
      ws.send(JSON.stringify(answer));
    }
  },
};
