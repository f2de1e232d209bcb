// The WHATWG WebSocket of undici.
import { WebSocket } from "undici";
import { count, url } from "./count.mjs";

new WebSocket(url).onmessage = ({ data }) => count(data.length);
