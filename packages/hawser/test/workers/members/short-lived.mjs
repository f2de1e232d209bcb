// A module that takes its process with it, soon after it was loaded.
import process from "node:process";

setTimeout(() => process.exit(3), 10);

export default () => undefined;
