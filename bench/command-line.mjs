// The command line of `npm run bench`.
import process from "node:process";
import { parseArgs } from "node:util";
import { candidates } from "./candidates.mjs";
import { Failure } from "./failure.mjs";
import { workloads } from "./workloads.mjs";

/** A round that lasts longer says no more. */
const longest = 60;

const help = `Usage: npm run bench -- [workload …] [options]

Workloads (default: all but growth):
${Object.entries(workloads)
  .map(([name, { title }]) => `  ${name.padEnd(8)}${title}`)
  .join("\n")}
  growth  how cost grows with the number of connections, and with the size of messages

Options:
  --all                   measure Bun and Deno too (installed into bench/peers at first)
  --candidates a,b        only these of ${Object.keys(candidates).join(", ")}
  --rounds N              how often each candidate has its turn (default 5)
  --seconds S             how long each is measured (default 2)
  --warmup S              how long each is loaded before that (default 1)
  --out FOLDER            where results go (default: bench/results/ and the time)
  --small                 few connections, short messages: to see that everything works
  --help
`;

const options = {
  all: { type: "boolean", default: false },
  candidates: { type: "string" },
  rounds: { type: "string", default: "5" },
  seconds: { type: "string", default: "2" },
  warmup: { type: "string", default: "1" },
  out: { type: "string" },
  small: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

/**
 * What is to be done.
 *
 * @throws Failure for a name or a value that is wrong
 */
export function readCommandLine(args) {
  const { values, positionals } = parsed(args);
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const known = [...Object.keys(workloads), "growth"];
  for (const name of positionals) {
    if (!known.includes(name))
      throw new Failure(`there is no workload ${name}; there are ${known.join(", ")}`);
  }
  return {
    names:
      positionals.length === 0 ? Object.keys(workloads) : positionals.filter((name) => name !== "growth"),
    growth: positionals.includes("growth"),
    settings: {
      all: values.all,
      small: values.small,
      only: only(values.candidates),
      rounds: wholeNumber("--rounds", values.rounds),
      seconds: seconds("--seconds", values.seconds),
      warmup: seconds("--warmup", values.warmup),
    },
    out: values.out,
  };
}

function parsed(args) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new Failure(error.message);
  }
}

function only(list) {
  if (list === undefined) return undefined;
  const names = list.split(",");
  for (const name of names) {
    if (Object.hasOwn(candidates, name)) continue;
    throw new Failure(`there is no candidate ${name}; there are ${Object.keys(candidates).join(", ")}`);
  }
  return names;
}

function wholeNumber(flag, text) {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Failure(`${flag} must be a whole number from 1 to 9999, not ${text}`);
}

function seconds(flag, text) {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0.05 && value <= longest) return value;
  throw new Failure(`${flag} must be a number of seconds from 0.05 to ${longest}, not ${text}`);
}
