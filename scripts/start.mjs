// `npm start`: builds, then runs the demo in this same process, so that signals and exit codes are the demo's own.
import "./build.mjs";

process.argv.splice(2, 0, "serve", "--demo");
await import("../packages/cli/bin/hawser.mjs");
