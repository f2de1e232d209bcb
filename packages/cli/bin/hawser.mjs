#!/usr/bin/env node
// The hawser program: runs its arguments, and ends with the exit code they lead to. It is not built, because npm links the
// programs of a checkout when it installs, and skips those that are not there yet.
import { main } from "../dist/main.js";
import { endWith, surviveReaders } from "../dist/terminal/process-end.js";

surviveReaders();
endWith(await main(process.argv.slice(2)));
