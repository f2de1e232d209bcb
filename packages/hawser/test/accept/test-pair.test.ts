// testPair: the public kit for tests of sessions and handlers.
import { run, type TestPairOptions, testPair } from "hawser";
import { describe, expect, test } from "vitest";
import { pairOf, turns } from "../connection/support.ts";

describe("testPair", () => {
  test("is two ends of one connection, with time and faults in hand", async () => {
    const { server, client, clock, toClient } = pairOf();
    const done = run(server, async (ws) => {
      for await (const message of ws) ws.send(message);
    });
    client.send("hello");
    expect(await client.receive()).toBe("hello");
    toClient.freeze();
    clock.advance(60_000);
    expect((await done).cause).toBe("keepalive");
  });

  test("needs no system clock: time stands still until it is moved", async () => {
    const { server, client, clock } = pairOf();
    await turns(50);
    expect(clock.now()).toBe(0);
    clock.advance(1000);
    void client.close();
    expect((await server.closed).duration).toBe(1000);
  });

  test("gives each end its options", async () => {
    const { server, client } = pairOf({
      server: { accepts: "text", limits: { message: 5 }, timeouts: { close: 1 }, coupled: false, state: 1 },
      client: { state: "two" },
      target: "/room?x=1",
      headers: { "X-Token": "t" },
      subprotocol: "chat",
      toServer: { split: 1 },
    });
    expect([server.state, client.state]).toEqual([1, "two"]);
    expect(server.request).toMatchObject({ path: "/room", target: "/room?x=1", host: "test" });
    expect(client.request.headers.get("x-token")).toBe("t");
    expect([server.subprotocol, client.subprotocol]).toEqual(["chat", "chat"]);
    expect(server.response.headers.get("sec-websocket-protocol")).toBe("chat");
    client.send("123456");
    expect((await server.closed).code).toBe(1009);
  });

  test.each([
    [
      { sever: {} },
      'testPair() has no option "sever"; there are server, client, target, headers, subprotocol, ',
    ],
    [{ server: { limit: {} } }, 'server of testPair() has no option "limit"; there are accepts, limits, '],
    [{ client: { acepts: "text" } }, 'client of testPair() has no option "acepts"; there are accepts, '],
    [{ server: { limits: { inbocks: 1 } } }, "limits.inbocks does not exist"],
    [{ server: { accepts: "txt" } }, "accepts must be one of text, binary"],
    [5, "the options of testPair() must be an object, not the number 5"],
  ])("%o is wrong", (options, message) => {
    expect(() => testPair(options as unknown as TestPairOptions)).toThrow(message);
    expect(() => testPair(options as unknown as TestPairOptions)).toThrow(TypeError);
  });
});
