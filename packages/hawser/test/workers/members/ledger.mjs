// A member's module that writes each message down, in a file of all members, before it acknowledges it.
import { openSync, writeSync } from "node:fs";
import process from "node:process";

// O_APPEND: a line is written whole, whoever else writes, and is the system's once written: a killed process loses none.
const file = openSync(process.argv[2] ?? "", "a");

export default {
  accepts: "text",
  message(ws, message) {
    writeSync(file, `${message}\n`);
    ws.send(message);
  },
};
