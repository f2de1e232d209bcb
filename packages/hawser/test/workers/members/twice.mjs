// A module that starts two pools.
import { startPool } from "hawser";

export default () => undefined;

await startPool({ module: import.meta.url, port: 0 });
await startPool({ module: import.meta.url, port: 0 });
