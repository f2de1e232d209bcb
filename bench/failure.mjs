// What ends a benchmark: said in one line, with what a process had to say below.
import process from "node:process";

/** Characters of a reason. */
const longest = 80;

/** An error that is told without a stack. */
export class Failure extends Error {
  /** What the process that failed wrote to stderr. */
  output;

  constructor(message, output = "") {
    super(message);
    this.output = output;
  }

  /** The line of the output that says most. */
  get reason() {
    const lines = this.output.split("\n").filter((line) => line.trim() !== "");
    const line = lines.find((text) => /^(\w*Error|loadgen)\b/.test(text)) ?? lines.at(-1) ?? this.message;
    return line.length > longest ? `${line.slice(0, longest)} …` : line;
  }
}

/** Runs a program to its end, or to its failure. */
export async function orFail(program) {
  try {
    await program();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`bench: ${error.message}`);
    if (error.output !== "") console.error(error.output.trimEnd());
    process.exit(1);
  }
}
