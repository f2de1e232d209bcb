// Any order of calls and faults: messages arrive in order, every promise settles, and nothing is left behind.
import { type AnyConnection, ConnectionClosedError, type Message, run } from "hawser";
import { expect, test } from "vitest";
import type { FaultScript } from "../../src/transport/fault-script.ts";
import { Random } from "../support/random.ts";
import { pairOf, stateOf, turns } from "./support.ts";

const off = Number.POSITIVE_INFINITY;

/** One end: what it has sent and got, and every promise that was handed out. */
class End {
  readonly ws: AnyConnection;
  readonly sent: string[] = [];
  readonly got: Message[] = [];
  readonly promises: Promise<unknown>[] = [];
  #count = 0;

  constructor(ws: AnyConnection) {
    this.ws = ws;
  }

  message(size: number): string {
    this.#count += 1;
    return `${this.#count} ${"x".repeat(size)}`;
  }

  send(size: number): void {
    const text = this.message(size);
    if (this.ws.phase !== "open") return;
    this.ws.send(text);
    // A send that meets limits.sendBuffer is the one that is not accepted.
    if (this.ws.phase === "open") this.sent.push(text);
  }

  stream(size: number): void {
    const text = this.message(size);
    const half = Math.floor(text.length / 2);
    this.promises.push(
      this.ws.sendStream("text", [text.slice(0, half), text.slice(half)]).then((whole) => {
        if (whole) this.sent.push(text);
      }),
    );
  }

  receive(signal?: AbortSignal): void {
    const receiving = this.ws.receive({ signal }).then((message) => {
      if (message !== undefined) this.got.push(message);
    });
    this.promises.push(receiving.catch((error: unknown) => expect(error).toBe(signal?.reason)));
  }

  loop(times: number): void {
    const looping = (async () => {
      let left = times;
      for await (const message of this.ws) {
        this.got.push(message);
        left -= 1;
        if (left === 0) break;
      }
    })();
    this.promises.push(
      looping.catch((error: unknown) => expect(error).toBeInstanceOf(ConnectionClosedError)),
    );
  }

  /** Hooks, some of which take their time. They come after whoever receives. */
  hooks(random: Random): void {
    let closed = 0;
    const running = run(this.ws, {
      open: () => (random.oneIn(2) ? turns(3) : undefined),
      message: (_, message) => {
        this.got.push(message);
        if (random.oneIn(4)) this.send(10);
        return random.oneIn(3) ? turns(random.below(3)) : undefined;
      },
      close: (_, report) => {
        closed += 1;
        expect(report.cause).not.toBe("fault");
      },
    });
    this.promises.push(running.then(() => expect(closed).toBe(1)));
  }

  ping(): void {
    this.promises.push(
      this.ws.ping().catch((error: unknown) => expect(error).toBeInstanceOf(ConnectionClosedError)),
    );
  }
}

/** What may happen; the ends of connections are rare. */
function steps(random: Random, end: End, way: FaultScript): readonly (() => unknown)[] {
  const size = random.below(300);
  return [
    () => end.send(size),
    () => end.send(size * 5),
    () => end.receive(),
    () => end.loop(1 + random.below(5)),
    () => end.stream(size),
    () => end.promises.push(end.ws.drain()),
    () => end.ping(),
    () => {
      const controller = new AbortController();
      end.receive(controller.signal);
      setImmediate(() => controller.abort(new Error("given up")));
    },
    () => way.stall(),
    () => way.unstall(),
    () => {
      way.split = 1 + random.below(200);
    },
    () => {
      way.capacity = 100 + random.below(3000);
    },
  ];
}

function ending(random: Random, end: End, way: FaultScript): () => unknown {
  return random.pick<() => unknown>([
    () => end.promises.push(end.ws.close(4000)),
    () => end.promises.push(end.ws.terminate()),
    () => way.cut(),
    () => way.end(),
    () => way.freeze(),
    () => way.truncate(random.below(500)),
  ]);
}

const seeds = Array.from({ length: 80 }, (_, seed) => seed);

test.each(seeds)("whatever ends it, everything settles (%d)", async (seed) => {
  const random = new Random(seed);
  const limits = {
    sendMark: random.pick([1, 500, 2000]),
    sendBuffer: 3000,
    inbox: random.pick([1, 700, 5000]),
  };
  const timeouts = { keepalive: off };
  const { server, client, clock, toServer, toClient } = pairOf({
    server: { limits, timeouts, coupled: seed % 2 === 0 },
    client: { limits, timeouts, coupled: false },
  });
  const [one, other] = [new End(server), new End(client)];
  if (seed % 3 === 0) one.hooks(random);
  for (let step = 0; step < 120; step += 1) {
    const [end, way] = random.oneIn(2) ? [one, toClient] : [other, toServer];
    const choices = steps(random, end, way);
    const choice = step > 60 && random.oneIn(25) ? ending(random, end, way) : random.pick(choices);
    choice();
    if (random.oneIn(3)) await turns(1 + random.below(4));
  }
  if (seed % 3 !== 0) one.loop(1e9);
  other.loop(1e9);
  for (const way of [toServer, toClient]) way.unstall();
  for (const { ws } of [one, other]) void ws.close();
  await turns(200);
  clock.advance(60_000);
  await turns(20);

  for (const { ws, promises } of [one, other]) {
    expect(ws.phase).toBe("closed");
    const states = await Promise.all([...promises, ws.closed].map(stateOf));
    expect(states.filter((state) => state === "pending")).toEqual([]);
    await Promise.all(promises);
  }
  expect(clock.pending).toBe(0);
  const pairs = [
    [one.sent, other.got],
    [other.sent, one.got],
  ] as const;
  for (const [sent, got] of pairs) {
    expect(sent.length).toBeGreaterThanOrEqual(got.length);
    const numbers = got.map((message) => Number.parseInt(String(message), 10));
    expect(new Set(numbers).size).toBe(got.length);
    for (const message of got) expect(sent).toContain(message);
  }
});

test.each(seeds)("while nothing ends it, nothing gets stuck (%d)", async (seed) => {
  const random = new Random(seed);
  const limits = {
    sendMark: random.pick([1, 500, 2000]),
    sendBuffer: off,
    inbox: random.pick([1, 700, 5000]),
  };
  const timeouts = { keepalive: off };
  const { server, client, toServer, toClient } = pairOf({
    server: { limits, timeouts },
    // Not both coupled: see backpressure.test.ts.
    client: { limits, timeouts, coupled: false },
  });
  const [one, other] = [new End(server), new End(client)];
  if (seed % 3 === 0) one.hooks(random);
  const running = one.promises.splice(0);
  for (let step = 0; step < 100; step += 1) {
    const [end, way] = random.oneIn(2) ? [one, toClient] : [other, toServer];
    random.pick(steps(random, end, way))();
    if (random.oneIn(3)) await turns(1 + random.below(4));
  }
  // From here on both ends read, and nobody is in the way.
  if (seed % 3 !== 0) one.loop(off);
  other.loop(off);
  const loops = [one.promises.pop(), other.promises.pop()];
  for (const way of [toServer, toClient]) {
    way.unstall();
    way.split = undefined;
    way.capacity = 64 * 1024;
  }
  await turns(300);

  expect([server.phase, client.phase]).toEqual(["open", "open"]);
  expect([server.bufferedAmount, client.bufferedAmount]).toEqual([0, 0]);
  expect(other.got.map(String).sort()).toEqual([...one.sent].sort());
  expect(one.got.map(String).sort()).toEqual([...other.sent].sort());
  void client.close(1000);
  await Promise.all([...one.promises, ...other.promises, ...loops, ...running]);
});
