// The command line: which words there are, and what they lead to.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { connectCommand } from "./connect/connect-command.ts";
import { addConnectFlags, type ConnectFlags, type ConnectPlan, planOf } from "./connect/flags.ts";
import { addServeFlags, planOf as planToServe, type ServeFlags, type ServePlan } from "./serve/flags.ts";
import { serveDemo } from "./serve/serve-demo.ts";
import { untilStopped } from "./stop-signals.ts";

/** Exit code for a command line that is wrong. */
const WRONG_USE = 2;

/** Runs the program with these arguments. Resolves with its exit code, when it is over. */
export async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = createProgram(
    async (plan) => {
      code = plan.kind === "demo" ? await serveDemo(plan) : await serveModule(plan);
    },
    async (plan) => {
      const { stdin, stdout, stderr, env: environment } = process;
      code = await connectCommand(plan, { stdin, stdout, stderr, environment, stopped: untilStopped() });
    },
  );
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USE;
    throw error;
  }
}

/** Loaded when it is needed: what watches files need not be read for anything else. */
async function serveModule(plan: Extract<ServePlan, { kind: "module" }>): Promise<number> {
  const command = await import("./serve/serve-module.ts");
  return command.serveModule(plan);
}

function createProgram(
  onServe: (plan: ServePlan) => Promise<void>,
  onConnect: (plan: ConnectPlan) => Promise<void>,
): Command {
  const program = new Command("hawser")
    .description("WebSockets from the terminal.")
    .version(ownVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    // What stands behind a command is for the command: --version there is not ours.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text, "hawser --help")) });
  addServeFlags(program.command("serve"))
    .description("serve a module in TypeScript or JavaScript, or the demo")
    .helpOption("-h, --help", "print this help")
    .configureOutput({ outputError: (text, write) => write(oneLine(text, "hawser serve --help")) })
    .action(async (module: string | undefined, flags: ServeFlags, command: Command) => {
      await onServe(planToServe(module, flags, command));
    });
  addConnectFlags(program.command("connect"))
    .description("talk to a WebSocket server: type, or pipe lines through it")
    .helpOption("-h, --help", "print this help")
    .configureOutput({ outputError: (text, write) => write(oneLine(text, "hawser connect --help")) })
    .action(async (url: string, flags: ConnectFlags, command: Command) => {
      await onConnect(planOf(url, flags, command));
    });
  return program;
}

/** Commander's complaint on one line, in our name, with the way to the help. */
function oneLine(text: string, help: string): string {
  const complaint = text
    .replace(/^error: /, "")
    .trim()
    .replace(/\.$/, "")
    .replace(/\s*\n\s*/g, " ");
  return `hawser: ${complaint}; see ${help}\n`;
}

/** The version of this package. */
function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const found =
    typeof manifest === "object" && manifest !== null && "version" in manifest && manifest.version;
  return typeof found === "string" ? found : "unknown";
}
