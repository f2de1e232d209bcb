// Questions with a Close right behind them: the answers go out first, also where they have to wait for room.
import { setImmediate as nextTurn } from "node:timers/promises";
import { type AnyConnection, type Message, run, testPair } from "hawser";
import { describe, expect, test } from "vitest";

const LARGE = "*".repeat(200 * 1024);

/** The ways to write an echo. */
const echoes: readonly (readonly [name: string, start: (ws: AnyConnection) => unknown])[] = [
  ["hooks", (ws) => run(ws, { message: (ws: AnyConnection, message: Message) => void ws.send(message) })],
  [
    "a session",
    (ws) =>
      run(ws, async (ws: AnyConnection) => {
        for await (const message of ws) ws.send(message);
      }),
  ],
];

describe.each(echoes)("an echo by %s", (_name, start) => {
  /** The client asks, closes at once, and does not read for a while. */
  const ask = async (questions: readonly string[]) => {
    const pair = testPair({ server: { limits: { sendBuffer: 4 * LARGE.length } } });
    start(pair.server);
    pair.toClient.stall();
    for (const question of questions) pair.client.send(question);
    void pair.client.close(1000);
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    return pair;
  };

  test("those that wait behind a large one go out when the peer reads again", async () => {
    const { server, toClient } = await ask([LARGE, "small", LARGE, "small"]);
    expect(server.phase).toBe("open");
    toClient.unstall();
    expect(await server.closed).toMatchObject({
      clean: true,
      code: 1000,
      initiator: "peer",
      messages: { sent: 4, received: 4 },
      unsent: { messages: 0, bytes: 0 },
    });
  });

  test("a peer that never reads again is dropped by timeouts.stalled", async () => {
    const { server, clock, client } = await ask([LARGE, "small"]);
    clock.advance(60_000);
    expect(await server.closed).toMatchObject({ clean: false, code: 1008, limit: "timeouts.stalled" });
    void client.terminate();
  });

  test("close() of ours does not wait for them", async () => {
    const { server, toClient } = await ask([LARGE, "small"]);
    const closing = server.close(1001);
    toClient.unstall();
    expect(await closing).toMatchObject({
      clean: true,
      initiator: "local",
      messages: { sent: 1, received: 2 },
    });
  });
});
