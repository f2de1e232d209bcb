#!/usr/bin/env node
// The hawser program: runs its arguments, and ends with the exit code they lead to.
import { main } from "./main.ts";
import { endWith, surviveReaders } from "./terminal/process-end.ts";

surviveReaders();
endWith(await main(process.argv.slice(2)));
