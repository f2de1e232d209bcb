// Handshakes that take too long, and clients that leave before their answer: on a clock that the test moves.
import { ManualClock, type UpgradeResult } from "hawser";
import { describe, expect, test } from "vitest";
import { Gate } from "../serve/support/gate.ts";
import { eventually, Guard, reportOf } from "../serve/support/guard.ts";
import { request } from "../serve/support/requests.ts";
import { type HostOptions, ways } from "../serve/support/ways-in.ts";
import { masked } from "../support/frames.ts";

const guard = new Guard();

// Behind upgrade() heads are Node's to wait for (headersTimeout, requestTimeout).
describe.each(["serve", "acceptStream"] as const)("by %s", (name) => {
  test("H36: 200 slow heads are 408 when the time is up, not before, and nobody else notices", async () => {
    const clock = new ManualClock();
    const host = await guard.host(ways[name], { clock });
    const slow = await Promise.all(
      Array.from({ length: 200 }, () => guard.peer(host.target, request().subarray(0, 20))),
    );
    await eventually(() => host.busy() === 201, "200 handshakes under way");
    for (let second = 1; second < 10; second += 1) {
      clock.advance(1000);
      for (const peer of slow) peer.write(request().subarray(19 + second, 20 + second));
    }
    clock.advance(999);
    const good = await guard.peer(host.target, request());
    await good.opened();
    expect(slow.every(({ end, text }) => end === undefined && text === "")).toBe(true);
    clock.advance(1);
    for (const peer of slow) {
      expect(await peer.answer()).toMatchObject({ status: 408, headers: { connection: "close" } });
      expect(await peer.over()).toBe("fin");
      await peer.hangUp();
    }
    await good.echo("still here");
    await eventually(() => host.busy() === 2, "only the witness and the good one");
  });

  test("H37: a silent client is 408 after timeouts.handshake, and dropped a second later if it stays", async () => {
    const clock = new ManualClock();
    const host = await guard.host(ways[name], { clock, timeouts: { handshake: 3000 } });
    const silent = await guard.peer(host.target);
    await eventually(() => host.busy() === 2, "a handshake under way");
    clock.advance(2999);
    expect(silent.end).toBeUndefined();
    clock.advance(1);
    expect((await silent.answer()).status).toBe(408);
    expect(await silent.over()).toBe("fin");
    // It keeps its end open, and goes on to send.
    silent.write("GET / HTTP/1.1\r\n");
    clock.advance(999);
    expect(silent.socket.closed).toBe(false);
    clock.advance(1);
    silent.write("Host: localhost\r\n");
    await eventually(() => silent.socket.closed || silent.socket.destroyed, "a reset");
    await eventually(() => host.busy() === 1, "only the witness");
  });

  test("H37: Infinity turns the timeout off", async () => {
    const clock = new ManualClock();
    const timeouts = { handshake: Number.POSITIVE_INFINITY, keepalive: Number.POSITIVE_INFINITY };
    const host = await guard.host(ways[name], { clock, timeouts });
    const slow = await guard.peer(host.target);
    await eventually(() => host.busy() === 2, "a handshake under way");
    clock.advance(1e9);
    slow.write(request());
    await slow.opened();
  });
});

describe.each(["serve", "acceptStream", "upgrade"] as const)("by %s", (name) => {
  const isServer = name !== "acceptStream";

  /** A host whose hook waits at a gate, and a client that waits for the hook. */
  async function atTheGate(options: HostOptions = {}, early: readonly Uint8Array[] = []) {
    const gate = new Gate<UpgradeResult<unknown>>();
    const sessions: unknown[] = [];
    const host = await guard.host(ways[name], {
      decide: () => gate.wait(),
      handler: async (ws) => {
        sessions.push(ws.state);
        for await (const message of ws) ws.send(message);
      },
      ...options,
    });
    const peer = await guard.peer(host.target, request(), ...early);
    await eventually(() => gate.waiting === 1, "the hook");
    return { gate, host, peer, sessions };
  }

  /** What the hook said came too late: nobody heard of it, or the application got a connection that has ended. */
  async function expectTooLate(
    { host, sessions }: Awaited<ReturnType<typeof atTheGate>>,
    report: Record<string, unknown>,
  ) {
    if (isServer) {
      await eventually(() => host.busy() === 1, "only the witness");
      expect([sessions, host.reports]).toEqual([[], []]);
    } else {
      expect(await reportOf(host)).toMatchObject({ code: 1006, clean: false, ...report });
    }
  }

  test("H36: a hook that is late is answered 503, and what it says then is dropped", async () => {
    const clock = new ManualClock();
    const scene = await atTheGate({ clock });
    const { gate, peer } = scene;
    clock.advance(9999);
    expect(peer.text).toBe("");
    clock.advance(1);
    expect(await peer.answer()).toMatchObject({ status: 503, headers: { connection: "close" } });
    expect(await peer.over()).toBe("fin");
    gate.open({ state: "late" });
    await expectTooLate(scene, { cause: "timeout", limit: "timeouts.handshake" });
    expect(peer.text).toBe("");
    expect(scene.host.faults).toEqual([]);
  });

  test.each(["fin", "reset"] as const)(
    "H51: a client that leaves (%s) while the hook decides is let go at once, and gets no 101",
    async (how) => {
      const scene = await atTheGate();
      const { gate, host, peer } = scene;
      if (how === "fin") peer.socket.end();
      else peer.reset();
      await eventually(() => host.busy() === 1, "only the witness, though the hook is not done");
      gate.open({ state: "for nobody" });
      await expectTooLate(scene, { cause: "lost" });
      expect(peer.text).toBe("");
      expect(host.faults).toEqual([]);
    },
  );

  test.each(["fin", "reset"] as const)(
    "H51: a hook that fails after the client left (%s) is heard of",
    async (how) => {
      const { gate, host, peer } = await atTheGate();
      if (how === "fin") peer.socket.end();
      else peer.reset();
      await eventually(() => host.busy() === 1, "only the witness");
      const error = new Error("the database is down");
      gate.fail(error);
      await eventually(() => host.faults.length > 0, "the fault");
      expect(host.faults).toEqual([error]);
      expect(peer.text).toBe("");
    },
  );

  test("H51: a client that leaves before its head is complete is forgotten", async () => {
    const host = await guard.host(ways[name]);
    const peers = await Promise.all([1, 2].map(() => guard.peer(host.target, request().subarray(0, 30))));
    if (isServer && name === "serve") await eventually(() => host.busy() === 3, "two handshakes");
    peers[0]!.socket.end();
    peers[1]!.reset();
    await eventually(() => host.busy() === 1, "only the witness");
    expect(host.faults).toEqual([]);
  });

  test("H50: what comes while a hook hangs is bounded by limits.memory", async () => {
    const flood = Buffer.alloc(1024 * 1024, masked.text("early"));
    const scene = await atTheGate({ limits: { memory: 64 * 1024 } }, [flood]);
    expect(await scene.peer.answer()).toMatchObject({ status: 400, headers: { connection: "close" } });
    scene.gate.open(undefined);
    await expectTooLate(scene, { cause: "lost" });
  });

  test("H50: what comes while a hook decides, and is within limits.memory, is kept in order", async () => {
    const early = Array.from({ length: 1000 }, (_, index) => masked.text(`early ${index}`));
    const { gate, peer } = await atTheGate();
    for (const frame of early) peer.write(frame);
    gate.open(undefined);
    await peer.opened();
    const frames = await peer.frames(1000);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(
      early.map((_, index) => `early ${index}`),
    );
  });
});
