// A module that calls startPool when it serves already.
import { startPool } from "hawser";

export default {
  message: async (ws) => {
    const error = await startPool({ module: import.meta.url, port: 0 }).catch((reason) => reason);
    ws.send(error.message);
  },
};
