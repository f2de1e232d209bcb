// What ends a benchmark: said in one line, with what a process had to say below.

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
    return lines.find((line) => /^(\w*Error|loadgen)\b/.test(line)) ?? lines.at(-1) ?? this.message;
  }
}
