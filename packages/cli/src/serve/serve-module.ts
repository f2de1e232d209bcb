// hawser serve ./chat.ts: runs a module in a pool, tells what happens, and drains it when asked to.
import type { PoolReport, PrimaryPool } from "hawser";
import { exitCodes, type StopSignal, untilStopped } from "../stop-signals.ts";
import { counted } from "../terminal/words.ts";
import type { ModulePlan } from "./flags.ts";
import { endByHangUp, untilHungUp } from "./hang-up.ts";
import { ImportWatch } from "./import-watch.ts";
import { shown } from "./load-error.ts";
import { Members } from "./members.ts";
import { modulePath } from "./module-path.ts";
import { Restarts } from "./restarts.ts";
import { Screen } from "./screen.ts";
import { explain, startModule } from "./start-module.ts";

/** Who is connected when the module has changed hears of it at once, and has so long to answer, in milliseconds. */
const ON_CHANGE = { code: 1012, spread: 0, deadline: 1000 } as const;

/** Serves until a signal asks it to stop. Resolves with the exit code. */
export async function serveModule(plan: ModulePlan): Promise<number> {
  const { stdout: output, stderr: errors, env: environment } = process;
  const screen = new Screen({ output, errors, environment });
  let path: string;
  try {
    path = modulePath(plan.module);
  } catch (error) {
    screen.complain(wordsOf(error));
    return 1;
  }
  let pool: PrimaryPool | undefined;
  const stopped = untilStopped(() => {
    // Shut down for the second time: its members end with it.
    void pool?.shutdown();
    screen.end();
  });
  const members = new Members();
  const watch = plan.watch
    ? await ImportWatch.of(path, (error) => screen.complain(`--watch: ${wordsOf(error)}`))
    : undefined;
  const start = await Promise.race([startModule({ plan, path, members, screen, watch }), stopped]);
  if (typeof start === "number") return start;
  // Nobody is connected yet.
  if (typeof start === "string") return exitCodes[start];
  pool = start;
  return serveUntil(stopped, { plan, path, pool, members, screen, watch });
}

interface Service {
  readonly plan: ModulePlan;
  readonly path: string;
  readonly pool: PrimaryPool;
  readonly members: Members;
  readonly screen: Screen;
  readonly watch: ImportWatch | undefined;
}

async function serveUntil(stopped: Promise<StopSignal>, service: Service): Promise<number> {
  const { plan, path, pool, members, screen, watch } = service;
  const restarts = new Restarts({ pool, members, screen, explain: (error) => explain(error, path) });
  const hungUp = untilHungUp(() => {
    renewTls(service);
    void restarts.restart("SIGHUP");
  });
  if (watch !== undefined) void followChanges(watch, restarts);
  greet(plan, pool, screen);
  members.tellWith((line) => screen.log(line));
  screen.follow(() => pool.stats());
  const end = await Promise.race([stopped, hungUp, pool.closed]);
  restarts.end();
  if (isReport(end)) {
    screen.end();
    screen.complain(end.error?.message ?? "the pool has stopped");
    return 1;
  }
  // The terminal has printed ^C where the cursor stood.
  if (end === "SIGINT" && screen.lively) screen.say("");
  const { connections } = pool.stats().total;
  screen.log(
    `draining: closing ${counted(connections, "connection")} with 1001; Ctrl-C again ends it at once`,
  );
  await pool.shutdown();
  if (end === undefined) endByHangUp();
  screen.end();
  screen.log("drained");
  return 0;
}

async function followChanges(watch: ImportWatch, restarts: Restarts): Promise<never> {
  for (;;) {
    const change = await watch.next();
    await watch.look();
    if (!(await restarts.restart(`${shown(change)} has changed`, ON_CHANGE))) watch.failed();
  }
}

/** The certificate may be a new one. */
function renewTls({ plan, pool, screen }: Service): void {
  if (plan.readTls === undefined) return;
  try {
    pool.setTls(plan.readTls());
  } catch (error) {
    screen.complain(`the certificate stays as it was: ${wordsOf(error)}`);
  }
}

function greet({ module }: ModulePlan, pool: PrimaryPool, screen: Screen): void {
  const { colors } = screen;
  const count = counted(pool.stats().members.length, "member");
  screen.say(`serving ${module} at ${colors.cyan(pool.url)} with ${count}`);
  if (screen.lively)
    screen.say(colors.dim("Ctrl-C closes every connection and ends it; SIGHUP restarts the members."));
}

function isReport(end: unknown): end is PoolReport {
  return typeof end === "object" && end !== null;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
