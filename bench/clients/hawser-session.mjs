// A loop over a client connection.
import { connect } from "hawser";
import { count, url } from "./count.mjs";

for await (const message of await connect(url)) count(message.length);
