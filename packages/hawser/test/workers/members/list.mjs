// A member's module: a list of handlers that have a path themselves.
import { defineHandler } from "hawser";

export default [
  defineHandler("/rooms/:room", { open: (ws) => void ws.send(ws.request.params.room) }),
  defineHandler("/echo", { message: (ws, message) => void ws.send(message) }),
];
