// How a pool fares, on one line.
import type { MemberStats, PoolStats } from "hawser";
import { counted } from "../terminal/words.ts";

/** The statistics of a pool at a time, in milliseconds. */
export interface Sample {
  readonly at: number;
  readonly stats: PoolStats;
}

/** What went through a pool in a second. */
export interface Rates {
  readonly received: number;
  readonly sent: number;
  /** Both ways. */
  readonly bytes: number;
}

/** What went through between two samples, by the second. What a member that is gone did last is not known. */
export function ratesBetween(before: Sample, after: Sample): Rates {
  const earlier = new Map(before.stats.members.map((member) => [member.member, member]));
  const grown = (count: (member: MemberStats) => number) =>
    after.stats.members.reduce((total, member) => {
      const then = earlier.get(member.member);
      return total + count(member) - (then === undefined ? 0 : count(then));
    }, 0);
  const seconds = (after.at - before.at) / 1000;
  const rate = (count: (member: MemberStats) => number) => (seconds > 0 ? grown(count) / seconds : 0);
  return {
    received: rate(({ messages }) => messages.received),
    sent: rate(({ messages }) => messages.sent),
    bytes: rate(({ bytes }) => bytes.received + bytes.sent),
  };
}

/** The last few samples, for rates that do not jump: members tell what they have counted twice a second. */
export class RecentSamples {
  readonly #window: number;
  #samples: readonly Sample[] = [];

  /** @param window for how long one counts, in milliseconds */
  constructor(window: number) {
    this.#window = window;
  }

  /** Adds one, and returns the rates since the oldest that counts. */
  add(sample: Sample): Rates {
    this.#samples = [...this.#samples.filter(({ at }) => sample.at - at <= this.#window), sample];
    return ratesBetween(this.#samples[0] ?? sample, sample);
  }
}

/** The line, of at most so many columns: what matters least is left out first. */
export function statusLine(
  stats: PoolStats,
  rates: Rates,
  columns: number = Number.POSITIVE_INFINITY,
): string {
  let parts = partsOf(stats, rates);
  const line = () => parts.map(({ text }) => text).join(" · ");
  while (parts.length > 1 && line().length > columns) {
    const least = Math.min(...parts.map(({ weight }) => weight));
    parts = parts.filter(({ weight }) => weight !== least);
  }
  return line().slice(0, Math.max(0, columns));
}

/** What can be said, in order, and how much it matters. */
function partsOf(
  stats: PoolStats,
  rates: Rates,
): readonly { readonly text: string; readonly weight: number }[] {
  const { total, members, restarts, onTheWay } = stats;
  const ready = members.filter(({ phase }) => phase === "ready").length;
  const away = total.shed + stats.shed;
  return [
    { text: counted(ready, "member"), weight: 8 },
    ...(members.length === ready ? [] : [{ text: `${members.length - ready} coming or going`, weight: 3 }]),
    { text: counted(total.connections, "connection"), weight: 10 },
    ...(onTheWay === 0 ? [] : [{ text: `${onTheWay} waiting`, weight: 3 }]),
    ...(away === 0 ? [] : [{ text: `${away.toLocaleString("en-US")} turned away`, weight: 3 }]),
    { text: `${short(rates.received)} msg/s in`, weight: 9 },
    { text: `${short(rates.sent)} msg/s out`, weight: 9 },
    { text: `${bytes(rates.bytes)}/s`, weight: 4 },
    { text: `loop ${total.loopDelay} ms`, weight: 6 },
    { text: bytes(total.memory), weight: 5 },
    { text: counted(restarts, "restart"), weight: restarts === 0 ? 1 : 7 },
  ];
}

/** Whether anything happened between the two. */
export function hasChanged(before: PoolStats, after: PoolStats): boolean {
  return fingerprint(before) !== fingerprint(after);
}

function fingerprint({ total, members, restarts, shed }: PoolStats): string {
  const { connections, accepted, refused, messages } = total;
  return JSON.stringify([
    connections,
    accepted,
    refused,
    messages,
    restarts,
    shed,
    members.map(({ member }) => member),
  ]);
}

/** `7`, `5.1k`, `123k`, `1.2M`. */
function short(number: number): string {
  const units = ["", "k", "M", "G"];
  let [value, unit] = [Math.round(number), 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)}${units[unit]}`;
}

/** `512 B`, `1.2 MB`. */
function bytes(number: number): string {
  return `${short(number).replace(/[kMG]?$/, (unit) => ` ${unit}`)}B`;
}
