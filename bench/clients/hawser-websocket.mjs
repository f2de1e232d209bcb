// The WHATWG WebSocket of Hawser.
import { WebSocket } from "hawser";
import { count, url } from "./count.mjs";

new WebSocket(url).onmessage = ({ data }) => count(data.length);
