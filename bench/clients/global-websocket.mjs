// The global WebSocket of the runtime: for Bun and Deno.
import { count, url } from "./count.mjs";

new WebSocket(url).onmessage = ({ data }) => count(data.length);
