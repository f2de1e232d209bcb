// Blocked ports: the constructor says nothing, the connection fails, and nobody is called.
import { describe, expect, test } from "vitest";
import { hasBadPort } from "../../../src/client/whatwg/bad-ports.ts";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { record } from "./support.ts";

describe("a blocked port", () => {
  test.each(["ws", "wss"])("fails a WebSocket over %s, and nothing is dialled", async (scheme) => {
    let dialled = 0;
    const createConnection = () => {
      dialled += 1;
      throw new Error("dialled");
    };
    for (const port of [1, 22, 25, 6667, 10_080]) {
      const { events, closed } = record(
        new WebSocket(`${scheme}://localhost:${port}/`, { createConnection }),
      );
      expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
      expect(events).toEqual(["error 3", "close 3 1006 "]);
    }
    expect(dialled).toBe(0);
    const { closed } = record(new WebSocket(`${scheme}://localhost:8080/`, { createConnection }));
    await closed;
    expect(dialled).toBe(1);
  });

  test("fails a WebSocketStream", async () => {
    const { opened, closed } = new WebSocketStream("ws://localhost:25/");
    await expect(opened).rejects.toMatchObject({ name: "WebSocketError", closeCode: 1006 });
    await expect(closed).rejects.toMatchObject({ name: "WebSocketError", closeCode: 1006 });
  });
});

test("the list is that of the Fetch standard", () => {
  const blocked = Array.from({ length: 65536 }, (_, port) => port).filter((port) =>
    hasBadPort(new URL(`ws://localhost:${port}/`)),
  );
  expect(blocked).toHaveLength(83);
  for (const port of [0, 1, 22, 69, 137, 161, 989, 990, 1719, 5060, 5061, 6000, 6566, 6679, 10_080])
    expect(blocked).toContain(port);
});

test.each([
  "ws://localhost/",
  "wss://localhost/",
  "ws://localhost:443/",
  "wss://localhost:80/",
  "ws://localhost:8080/",
])("%s is not blocked", (url) => expect(hasBadPort(new URL(url))).toBe(false));
