// npm ws as it is: messages as Buffers.
import { WebSocket } from "ws";
import { count, url } from "./count.mjs";

new WebSocket(url, { perMessageDeflate: false }).on("message", (data) => count(data.length));
