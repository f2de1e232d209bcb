// hawser connect: from the command line to a connection, and on to its end.
import { type ConnectOptions, connect, type ProxyAgent } from "hawser";
import type { StopSignal } from "../stop-signals.ts";
import { colorsFor } from "../terminal/colors.ts";
import { describeConnectError } from "./connect-error.ts";
import { exitCode } from "./exit-code.ts";
import type { ConnectPlan } from "./flags.ts";
import { passesPieces, type Surroundings } from "./front.ts";
import { connectionLink, type Link } from "./link.ts";
import { reconnectingLink } from "./reconnecting-link.ts";
import { talk } from "./session.ts";

/** The largest message that is shown to a person or written as JSON, if nothing else is said: it has to be in memory whole. */
const WHOLE_MESSAGE = 16 * 1024 * 1024;

/** Connects and talks. Resolves with the exit code. */
export async function connectCommand(plan: ConnectPlan, around: Surroundings): Promise<number> {
  const say = speaker(plan, around);
  if (plan.insecure) say("--insecure: nobody checks who is at the other end");
  const stop = new AbortController();
  let stoppedBy: StopSignal | undefined;
  void around.stopped.then((signal) => {
    stoppedBy = signal;
    stop.abort();
  });
  let link: Link;
  try {
    link = await linkFor(plan, await optionsOf(plan, around), stop.signal);
  } catch (error) {
    if (stoppedBy !== undefined) return exitCode[stoppedBy];
    const failure = describeConnectError(error);
    if (failure === undefined) throw error;
    say(failure.message);
    return failure.code;
  }
  return talk(link, plan.talk, around);
}

async function linkFor(
  { url, reconnect }: ConnectPlan,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Link> {
  // A name and a password in it are not to be seen.
  const shown = url.replace(/\/\/[^/?#]*@/, "//");
  if (reconnect) return reconnectingLink(url, shown, options);
  return connectionLink(await connect(url, { ...options, signal }), shown);
}

async function optionsOf(plan: ConnectPlan, around: Surroundings): Promise<ConnectOptions> {
  const whole = passesPieces(plan.talk, around) && !plan.reconnect ? Number.POSITIVE_INFINITY : WHOLE_MESSAGE;
  return {
    ...plan.options,
    limits: { message: plan.maxMessage ?? whole },
    proxy: plan.proxy === undefined ? undefined : await proxyOf(plan.proxy),
  };
}

/** What `connect` takes: HTTP proxies by their URL, SOCKS proxies by an agent. */
async function proxyOf(proxy: string): Promise<string | ProxyAgent> {
  if (!/^socks(4a?|5h?)?:/i.test(proxy)) return proxy;
  const { SocksProxyAgent } = await import("socks-proxy-agent");
  return new SocksProxyAgent(proxy);
}

/** A line on standard error, in the name of the program. */
function speaker(plan: ConnectPlan, { stderr, environment }: Surroundings): (text: string) => void {
  const colors = colorsFor({ isTTY: plan.talk.color && stderr.isTTY === true }, environment);
  return (text) => void stderr.write(`${colors.red(`hawser: ${text}`)}\n`);
}
