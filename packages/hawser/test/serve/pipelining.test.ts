// A WebSocket asked for in one go with plain requests, before those are answered: by serve with http, and by upgrade.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { serve, upgrade } from "hawser";
import { describe, expect, test } from "vitest";
import { masked } from "../support/frames.ts";
import { Gate } from "./support/gate.ts";
import { eventually, Guard } from "./support/guard.ts";
import type { Target } from "./support/peer.ts";
import { plainRequest, request } from "./support/requests.ts";
import { echo } from "./support/ways-in.ts";

const guard = new Guard();

describe.each(["serve", "upgrade"] as const)("by %s", (name) => {
  async function start() {
    const gate = new Gate();
    const listener: RequestListener = (asked, response) => {
      if (asked.url === "/last") response.setHeader("Connection", "close");
      void gate.wait().then(() => response.end(asked.url));
    };
    if (name === "serve") {
      const server = await serve({ port: 0, host: "127.0.0.1", http: listener }, echo);
      guard.closing(server);
      await guard.witness({ port: server.port });
      return { gate, target: { port: server.port } satisfies Target, stats: () => server.stats() };
    }
    const http = createServer(listener);
    const endpoint = upgrade(http, {}, echo);
    guard.closing(endpoint);
    guard.closing(http);
    await once(http.listen(0, "127.0.0.1"), "listening");
    const target = { port: Number(Object(http.address()).port) };
    await guard.witness(target);
    return { gate, target, stats: () => endpoint.stats() };
  }

  test("the answers come first, and then the 101 with what came early", async () => {
    const { gate, target } = await start();
    const peer = await guard.peer(
      target,
      plainRequest("/a"),
      plainRequest("/b"),
      request(),
      masked.text("early"),
    );
    await eventually(() => gate.waiting >= 1, "a request");
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(peer.text).toBe("");
    gate.open();
    await peer.until(() => peer.text.includes("HTTP/1.1 101"));
    expect(peer.text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 101"]);
    await peer.until(() => peer.text.endsWith("early"));
  });

  test("an answer that closes the connection leaves nobody to upgrade", async () => {
    const { gate, target, stats } = await start();
    const peer = await guard.peer(target, plainRequest("/last"), request());
    await eventually(() => gate.waiting === 1, "a request");
    gate.open();
    await peer.over();
    expect(peer.text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
    expect(stats()).toMatchObject({ accepted: 1, handshakes: 0 });
  });

  test.each(["fin", "reset"] as const)(
    "a client that leaves (%s) before the answer is forgotten",
    async (how) => {
      const { gate, target, stats } = await start();
      const peer = await guard.peer(target, plainRequest("/a"), request());
      await eventually(() => gate.waiting === 1, "a request");
      if (how === "fin") peer.socket.destroy();
      else peer.reset();
      for (let turn = 0; turn < 10; turn += 1) await nextTurn();
      gate.open();
      await eventually(() => stats().connections === 1 && stats().handshakes === 0, "only the witness");
    },
  );
});

test("a handler of its own kind: the other kind ends with 1003 there, and nowhere else", async () => {
  const server = await serve({
    port: 0,
    resources: { "/text": { accepts: "text", session: echo }, "/any": echo, "/witness": echo },
  });
  guard.closing(server);
  await guard.witness({ port: server.port });
  for (const [path, code] of [
    ["/text", 1003],
    ["/any", undefined],
    ["/text", 1003],
  ] as const) {
    const peer = await guard.peer(
      { port: server.port },
      request({ line: `GET ${path} HTTP/1.1` }),
      masked.text("text"),
    );
    await peer.opened();
    expect(await peer.message()).toBe("text");
    peer.write(masked.binary(Buffer.of(1)));
    if (code === undefined) expect(await peer.frames()).toMatchObject([{ opcode: 2 }]);
    else expect(await peer.closeCode()).toBe(code);
  }
});
