// A handler on a client connection.
import { connect, run } from "hawser";
import { count, url } from "./count.mjs";

await run(await connect(url), { message: (_ws, message) => count(message.length) });
