// How a pool and its members fare.
import { TrafficSum } from "../connection/traffic.ts";
import type { MemberPhase, MemberProcess } from "./member-process.ts";
import type { MemberCounts } from "./messages.ts";

/** One member, as of its last beat. */
export interface MemberStats extends MemberCounts {
  /** Counted from 1, over all that the pool has started. */
  readonly member: number;
  readonly pid: number | undefined;
  readonly phase: MemberPhase;
}

/** All of them. */
export interface PoolStats {
  readonly members: readonly MemberStats[];
  /** Members that ended without being told to. */
  readonly restarts: number;
  /** Sockets that no member has yet. */
  readonly onTheWay: number;
  /** Sockets that the pool turned away because `connections` was reached, or its members had no memory left. */
  readonly shed: number;
  /** Summed over the members that are there now; of `loopDelay`, the longest. */
  readonly total: MemberCounts;
}

const none: MemberCounts = {
  connections: 0,
  accepted: 0,
  refused: 0,
  shed: 0,
  messages: { sent: 0, received: 0 },
  bytes: { sent: 0, received: 0 },
  loopDelay: 0,
  memory: 0,
};

export function statsOf(member: MemberProcess): MemberStats {
  return { ...(member.counts ?? none), member: member.number, pid: member.pid, phase: member.phase };
}

export function totalOf(members: readonly MemberCounts[]): MemberCounts {
  const sum = (name: "connections" | "accepted" | "refused" | "shed" | "memory") =>
    members.reduce((total, counts) => total + counts[name], 0);
  const traffic = new TrafficSum();
  for (const member of members) traffic.add(member);
  return {
    connections: sum("connections"),
    accepted: sum("accepted"),
    refused: sum("refused"),
    shed: sum("shed"),
    messages: traffic.messages,
    bytes: traffic.bytes,
    loopDelay: Math.max(0, ...members.map(({ loopDelay }) => loopDelay)),
    memory: sum("memory"),
  };
}
