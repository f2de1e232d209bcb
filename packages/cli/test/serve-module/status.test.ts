// How a pool fares, on one line.
import type { MemberStats, PoolStats } from "hawser";
import { expect, test } from "vitest";
import { hasChanged, RecentSamples, ratesBetween, statusLine } from "../../src/serve/status.ts";

const idle: MemberStats = {
  member: 1,
  pid: 100,
  phase: "ready",
  connections: 0,
  accepted: 0,
  refused: 0,
  shed: 0,
  messages: { sent: 0, received: 0 },
  bytes: { sent: 0, received: 0 },
  loopDelay: 0,
  memory: 91e6,
};

function statsOf(members: readonly Partial<MemberStats>[], rest: Partial<PoolStats> = {}): PoolStats {
  const all = members.map((member, index) => ({ ...idle, member: index + 1, ...member }));
  const sum = (count: (member: MemberStats) => number) =>
    all.reduce((total, member) => total + count(member), 0);
  return {
    members: all,
    restarts: 0,
    onTheWay: 0,
    shed: 0,
    total: {
      ...idle,
      connections: sum((member) => member.connections),
      accepted: sum((member) => member.accepted),
      memory: sum((member) => member.memory),
      loopDelay: Math.max(...all.map(({ loopDelay }) => loopDelay)),
    },
    ...rest,
  };
}

const busy = statsOf([{ connections: 1000, loopDelay: 3 }, { connections: 24 }]);
const rates = { received: 5120, sent: 20_300, bytes: 1.24e6 };

test("says what there is to say", () => {
  expect(statusLine(busy, rates)).toBe(
    "2 members · 1,024 connections · 5.1k msg/s in · 20.3k msg/s out · 1.2 MB/s · loop 3 ms · 182 MB · 0 restarts",
  );
  expect(statusLine(statsOf([{ connections: 1 }]), { received: 0.4, sent: 999.6, bytes: 512 })).toBe(
    "1 member · 1 connection · 0 msg/s in · 1.0k msg/s out · 512 B/s · loop 0 ms · 91.0 MB · 0 restarts",
  );
});

test("says what is not as it should be", () => {
  const members = [{}, { phase: "starting" as const }, { phase: "leaving" as const }];
  expect(statusLine(statsOf(members, { restarts: 1, onTheWay: 2, shed: 1500 }), rates)).toMatch(
    /^1 member · 2 coming or going · 0 connections · 2 waiting · 1,500 turned away · .* · 1 restart$/,
  );
});

test("fits any width: what matters least goes first", () => {
  expect(statusLine(busy, rates, 108)).toMatch(/0 restarts$/);
  expect(statusLine(busy, rates, 100)).toMatch(/loop 3 ms · 182 MB$/);
  expect(statusLine(busy, rates, 70)).toBe("2 members · 1,024 connections · 5.1k msg/s in · 20.3k msg/s out");
  expect(statusLine(busy, rates, 30)).toBe("1,024 connections");
  expect(statusLine(busy, rates, 10)).toBe("1,024 conn");
  for (let columns = 0; columns < 120; columns += 1) {
    expect(statusLine(busy, rates, columns).length).toBeLessThanOrEqual(columns);
  }
});

test("rates are of what the members that are there have done since", () => {
  const messages = (received: number, sent: number) => ({
    messages: { received, sent },
    bytes: { received, sent },
  });
  const before = { at: 1000, stats: statsOf([messages(100, 10), { ...messages(5000, 5000), member: 2 }]) };
  // The second is gone, the third is new.
  const after = { at: 3000, stats: statsOf([messages(140, 10), { ...messages(20, 60), member: 3 }]) };
  expect(ratesBetween(before, after)).toEqual({ received: 30, sent: 30, bytes: 60 });
  expect(ratesBetween(before, before)).toEqual({ received: 0, sent: 0, bytes: 0 });
});

test("rates on the screen are over a few samples, and forget what is older", () => {
  const sample = (at: number, received: number) => ({
    at,
    stats: statsOf([{ messages: { received, sent: 0 } }]),
  });
  const recent = new RecentSamples(2000);
  expect(recent.add(sample(0, 0)).received).toBe(0);
  expect(recent.add(sample(1000, 100)).received).toBe(100);
  expect(recent.add(sample(2000, 100)).received).toBe(50);
  expect(recent.add(sample(3000, 100)).received).toBe(0);
});

test("knows when nothing happened", () => {
  expect(
    hasChanged(
      busy,
      statsOf([
        { connections: 1000, loopDelay: 9 },
        { connections: 24, memory: 1 },
      ]),
    ),
  ).toBe(false);
  expect(hasChanged(busy, statsOf([{ connections: 999 }, { connections: 24 }]))).toBe(true);
  expect(hasChanged(busy, { ...busy, restarts: 1 })).toBe(true);
});
