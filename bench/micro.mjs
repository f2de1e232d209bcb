// `npm run bench:micro [-- name …]`: the parts of the hot path alone, beside their counterparts in ws and bufferutil.
import process from "node:process";
import { run } from "mitata";
import { Failure, orFail } from "./failure.mjs";

const parts = ["decode", "unmask", "encode", "utf8", "inflate", "deflate"];

await orFail(async () => {
  const chosen = process.argv.length > 2 ? process.argv.slice(2) : parts;
  for (const name of chosen) {
    if (!parts.includes(name)) throw new Failure(`there is no part ${name}; there are ${parts.join(", ")}`);
  }
  // Each file adds its benches.
  for (const name of chosen) await import(`./micro/${name}.mjs`);
  await run({ colors: process.stdout.isTTY === true });
});
