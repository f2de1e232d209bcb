// npm ws with messages made strings, as the other clients deliver them.
import { WebSocket } from "ws";
import { count, url } from "./count.mjs";

new WebSocket(url, { perMessageDeflate: false }).on("message", (data) => {
  if (Buffer.isBuffer(data)) count(data.toString().length);
});
