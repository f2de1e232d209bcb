// hawser serve --demo: starts the demo, tells what happens, and drains it when asked to.
import type { DrainReport, Server } from "hawser";
import { startDemo } from "../demo/demo.ts";
import { describeListenError } from "../listen-error.ts";
import { untilStopped } from "../stop-signals.ts";
import { type Colors, colorsFor } from "../terminal/colors.ts";
import { counted, timeOfDay } from "../terminal/words.ts";
import { keepVisitorsBook } from "../visitors.ts";

/** Where to listen. */
export interface ServePlace {
  readonly host: string;
  readonly port: number;
}

/** Serves until a signal asks it to stop. Resolves with the exit code. */
export async function serveDemo({ host, port }: ServePlace): Promise<number> {
  const colors = colorsFor(process.stdout, process.env);
  let server: Server;
  try {
    server = await startDemo({ host, port });
  } catch (error) {
    const words = describeListenError(error, { host, port });
    if (words === undefined) throw error;
    process.stderr.write(`hawser: ${words}\n`);
    return 1;
  }
  const stopped = untilStopped();
  const paint = { opened: colors.green, closed: colors.dim, refused: colors.yellow };
  keepVisitorsBook((mark, text) => say(`${colors.dim(timeOfDay(new Date()))}  ${paint[mark](text)}`));
  say(greeting(server, colors));

  const signal = await stopped;
  // The terminal has printed ^C where the cursor stood.
  if (signal === "SIGINT" && process.stdout.isTTY) say("");
  say(`draining: closing ${counted(server.size, "connection")} with 1001; Ctrl-C again ends it at once`);
  say(describeDrain(await server.close()));
  return 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function greeting(server: Server, colors: Colors): string {
  const { url } = server;
  const row = (name: string, address: string, remark = "") =>
    `  ${name.padEnd(6)}${colors.cyan(address)}${remark && colors.dim(`  ${remark}`)}`;
  return [
    colors.bold("The demo of Hawser is running."),
    "",
    row("page", `${url.replace(/^ws/, "http")}/`),
    row("echo", `${url}/echo`),
    row("chat", `${url}/chat/harbour`, "or any other room"),
    row("meow", `${url}/meow`),
    "",
    colors.dim("Ctrl-C closes every connection and ends it."),
    "",
  ].join("\n");
}

/** How the drain went, in words. */
function describeDrain({ closed, terminated, lost }: DrainReport): string {
  if (closed + terminated + lost === 0) return "drained: nobody was connected";
  const late = terminated === 0 ? "" : `, ${counted(terminated, "connection")} dropped for giving no answer`;
  const gone = lost === 0 ? "" : `, ${counted(lost, "connection")} lost`;
  return `drained: ${counted(closed, "connection")} closed${late}${gone}`;
}
