// The command line: which words there are, and what they lead to.
import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { connectCommand } from "./connect/connect-command.ts";
import { addConnectFlags, type ConnectFlags, type ConnectPlan, planOf } from "./connect/flags.ts";
import { type ServePlace, serveDemo } from "./serve-demo.ts";
import { untilStopped } from "./stop-signals.ts";

/** Exit code for a command line that is wrong. */
const WRONG_USE = 2;

/** What commander makes of the flags of `hawser serve`. */
interface ServeFlags extends ServePlace {
  readonly demo?: boolean;
}

/** Runs the program with these arguments. Resolves with its exit code, when it is over. */
export async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = createProgram(
    async (place) => {
      code = await serveDemo(place);
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

function createProgram(
  onServe: (place: ServePlace) => Promise<void>,
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
  program
    .command("serve")
    .description("serve the demo: an echo, a chat and a cat, with a page to try them from")
    .option("--demo", "the demo (all that can be served for now)")
    .addOption(portOption())
    .option("--host <address>", "the address to listen on", parseHost, "127.0.0.1")
    .helpOption("-h, --help", "print this help")
    .configureOutput({ outputError: (text, write) => write(oneLine(text, "hawser serve --help")) })
    .action(async (flags: ServeFlags, command: Command) => {
      if (flags.demo !== true) {
        command.error("only the demo can be served for now: hawser serve --demo");
      }
      await onServe(flags);
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

function portOption(): Option {
  const option = new Option("--port <number>", "the port to listen on; 0 takes a free one")
    .argParser(parsePort)
    .default(8080);
  // An empty variable is how a shell says that there is none.
  return (process.env["PORT"] ?? "") === "" ? option : option.env("PORT");
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
}

function parseHost(text: string): string {
  if (text.trim() !== "") return text.trim();
  throw new InvalidArgumentError("A host is an address of this machine, or a name of one.");
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
