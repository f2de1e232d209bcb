// The servers of "Coming from ws": each snippet is run, and both of a pair do the same.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type AnyConnection, broadcast, type Server, type Session, serve } from "hawser";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { both, dial, local, refusalOf, urlOf } from "./coming-from-ws-support.ts";

const port = 0;
const echo: Session = async (ws) => {
  for await (const message of ws) ws.send(message);
};

describe("an echo server", () => {
  async function viaWs() {
    // #region echo: ws
    const server = new WebSocketServer({ port });
    server.on("connection", (ws) => {
      ws.on("error", console.error);
      ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
    });
    // #endregion
    return urlOf(server);
  }

  async function viaHawser() {
    // #region echo: Hawser
    const server = await serve({ port }, async (ws) => {
      for await (const message of ws) ws.send(message);
    });
    // #endregion
    return urlOf(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const peer = await dial(await start());
    await peer.send("text");
    await peer.send(new Uint8Array([1, 2]));
    expect(await peer.receive()).toBe("text");
    expect(new Uint8Array((await peer.receive()) as Uint8Array)).toEqual(new Uint8Array([1, 2]));
  });
});

describe("events", () => {
  async function viaWs(log: string[]) {
    // #region events: ws
    const server = new WebSocketServer({ port });
    server.on("connection", (ws, request) => {
      log.push(`open ${request.url}`);
      ws.on("message", (data: Buffer) => log.push(`message ${data.toString()}`));
      ws.on("close", (code, reason) => log.push(`close ${code} ${reason.toString()}`));
    });
    // #endregion
    return urlOf(server);
  }

  async function viaHawser(log: string[]) {
    // #region events: Hawser
    const server = await serve(
      { port, accepts: "text" },
      {
        open: (ws) => log.push(`open ${ws.request.target}`),
        message: (_ws, message) => log.push(`message ${message}`),
        close: (_ws, { code, reason }) => log.push(`close ${code} ${reason}`),
      },
    );
    // #endregion
    return urlOf(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const log: string[] = [];
    const peer = await dial(`${await start(log)}/chat?room=a`);
    await peer.send("hello");
    await peer.close(4000, "enough");
    expect(await peer.closed()).toEqual({ code: 4000, reason: "enough" });
    await expect.poll(() => log).toEqual(["open /chat?room=a", "message hello", "close 4000 enough"]);
  });
});

describe("where a server listens", () => {
  async function viaWs(port: number) {
    // #region listening: ws
    const server = new WebSocketServer({ port, host: "127.0.0.1" });
    await once(server, "listening"); // rejects with what the event "error" brings
    const taken = (server.address() as AddressInfo).port;
    // #endregion
    await urlOf(server);
    return taken;
  }

  async function viaHawser(port: number) {
    // #region listening: Hawser
    const server = await serve({ port, host: "127.0.0.1" }, echo);
    const taken = server.port;
    // #endregion
    await urlOf(server);
    return taken;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const taken = await start(0);
    await dial(local(taken));
    await expect(start(taken)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("an end for all", () => {
  async function viaWs() {
    const server = new WebSocketServer({ port });
    const url = await urlOf(server);
    const stop = async () => {
      // #region shutdown: ws
      server.close();
      for (const client of server.clients) client.close(1001, "restarting");
      const late = setTimeout(() => {
        for (const client of server.clients) client.terminate();
      }, 10_000);
      await once(server, "close");
      clearTimeout(late);
      // #endregion
    };
    return { url, stop };
  }

  async function viaHawser() {
    const server = await serve({ port }, echo);
    const url = await urlOf(server);
    const stop = async () => {
      // #region shutdown: Hawser
      await server.close({ code: 1001, reason: "restarting", deadline: 10_000 });
      // #endregion
    };
    return { url, stop };
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const { url, stop } = await start();
    const peer = await dial(url);
    await stop();
    expect(await peer.closed()).toEqual({ code: 1001, reason: "restarting" });
    expect(await refusalOf(url)).toContain("ECONNREFUSED");
  });
});

describe("one message to all others", () => {
  async function viaWs() {
    // #region broadcast: ws
    const server = new WebSocketServer({ port });
    server.on("connection", (ws) => {
      ws.on("message", (data, isBinary) => {
        for (const client of server.clients) {
          if (client === ws || client.readyState !== WebSocket.OPEN) continue;
          client.send(data, { binary: isBinary });
        }
      });
    });
    // #endregion
    return urlOf(server);
  }

  async function viaHawser() {
    // #region broadcast: Hawser
    const server: Server = await serve(
      { port },
      { message: (ws, message) => broadcast(server, message, { except: ws }) },
    );
    // #endregion
    return urlOf(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    const [one, two, three] = await Promise.all([dial(url), dial(url), dial(url)]);
    await one.send("from one");
    expect([await two.receive(), await three.receive()]).toEqual(["from one", "from one"]);
    await two.send("from two");
    expect([await one.receive(), await three.receive()]).toEqual(["from two", "from two"]);
  });
});

describe("dead peers are found", () => {
  async function viaWs(interval: number) {
    // #region heartbeat: ws
    const server = new WebSocketServer({ port });
    const alive = new WeakSet<WebSocket>();
    server.on("connection", (ws) => {
      alive.add(ws);
      ws.on("pong", () => alive.add(ws));
    });
    const timer = setInterval(() => {
      for (const ws of server.clients) {
        if (alive.delete(ws)) ws.ping();
        else ws.terminate();
      }
    }, interval);
    server.on("close", () => clearInterval(timer));
    // #endregion
    return urlOf(server);
  }

  async function viaHawser(interval: number) {
    // #region heartbeat: Hawser
    const server = await serve({ port, timeouts: { keepalive: interval, pong: interval } }, echo);
    // #endregion
    return urlOf(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const mute = new WebSocket(await start(50), { autoPong: false });
    mute.on("error", () => undefined);
    let pings = 0;
    mute.on("ping", () => {
      pings += 1;
    });
    await once(mute, "close");
    expect(pings).toBe(1);
  });
});

describe("a message over the limit", () => {
  async function viaWs(log: unknown[]) {
    // #region too large: ws
    const server = new WebSocketServer({ port, maxPayload: 1000 });
    server.on("connection", (ws) => {
      ws.on("error", (error: NodeJS.ErrnoException) => log.push(error.code));
    });
    // #endregion
    return urlOf(server);
  }

  async function viaHawser(log: unknown[]) {
    // #region too large: Hawser
    const server = await serve(
      { port, limits: { message: 1000 } },
      { close: (_ws, { cause, limit }) => log.push(`${cause}: ${limit}`) },
    );
    // #endregion
    return urlOf(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (name, start) => {
    const log: unknown[] = [];
    const peer = await dial(await start(log));
    await peer.send("x".repeat(1001));
    expect(await peer.closed()).toMatchObject({ code: 1009 });
    const told = name === "ws" ? "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" : "limit: limits.message";
    await expect.poll(() => log).toEqual([told]);
  });
});

describe("clients in rooms of one's own", () => {
  async function viaWs() {
    // #region rooms: ws
    const server = new WebSocketServer({ port, clientTracking: false });
    const room = new Set<WebSocket>();
    server.on("connection", (ws) => {
      room.add(ws);
      ws.on("close", () => room.delete(ws));
      for (const member of room) member.send(`${room.size} are here`);
    });
    // #endregion
    return urlOf(server);
  }

  async function viaHawser() {
    // #region rooms: Hawser
    const room = new Set<AnyConnection>();
    const server = await serve(
      { port },
      {
        open: (ws) => broadcast(room.add(ws), `${room.size} are here`),
        close: (ws) => room.delete(ws),
      },
    );
    // #endregion
    return urlOf(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    const one = await dial(url);
    expect(await one.receive()).toBe("1 are here");
    const two = await dial(url);
    expect([await one.receive(), await two.receive()]).toEqual(["2 are here", "2 are here"]);
  });
});
