// A module that throws an error which cannot be read, or whose parts cannot travel.
import process from "node:process";

const error = new Error("on purpose");
if (process.argv.includes("getter")) {
  Object.defineProperty(error, "message", {
    get() {
      throw new Error("no");
    },
  });
} else {
  error.message = () => "a function";
}
throw error;
