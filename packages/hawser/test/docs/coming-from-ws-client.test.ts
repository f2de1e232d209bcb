// The client's side of "Coming from ws": each snippet is run against a server of `ws`, and both of a pair do the same.
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { connect, HandshakeError, reconnecting } from "hawser";
import { describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { WebSocket as StandardWebSocket } from "../../src/client/whatwg/websocket.ts";
import { both, dropped, local, peerServer, portOf, urlOf } from "./coming-from-ws-support.ts";

const port = 0;

describe("connecting", () => {
  async function viaWs(url: string) {
    // #region connect: ws
    const ws = new WebSocket(url, ["chat.v2", "chat.v1"], {
      headers: { Authorization: "Bearer s3cret" },
      origin: "https://app.example",
      handshakeTimeout: 10_000,
      perMessageDeflate: false,
    });
    await once(ws, "open"); // rejects with what the event "error" brings
    console.log(ws.protocol);
    // #endregion
    return [ws, ws.protocol] as const;
  }

  async function viaHawser(url: string) {
    // #region connect: Hawser
    const ws = await connect(url, {
      subprotocols: ["chat.v2", "chat.v1"],
      headers: { Authorization: "Bearer s3cret", Origin: "https://app.example" },
    });
    console.log(ws.subprotocol);
    // #endregion
    return [ws, ws.subprotocol] as const;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    vi.spyOn(console, "log").mockReturnValue();
    const seen: unknown[] = [];
    const server = new WebSocketServer({ port });
    server.on("connection", (_ws, { headers: { authorization, origin, ...headers } }) => {
      seen.push(authorization, origin, headers["sec-websocket-extensions"]);
    });
    const [ws, protocol] = await open(await urlOf(server));
    dropped(ws);
    expect(protocol).toBe("chat.v2");
    expect(seen).toEqual(["Bearer s3cret", "https://app.example", undefined]);
  });
});

describe("talking", () => {
  async function viaWs(url: string, log: string[]) {
    // #region talk: ws
    const ws = new WebSocket(url);
    ws.on("error", console.error);
    ws.on("open", () => ws.send("something"));
    ws.on("message", (data: Buffer) => log.push(data.toString()));
    ws.on("close", (code) => log.push(`closed with ${code}`));
    // #endregion
  }

  async function viaHawser(url: string, log: string[]) {
    // #region talk: Hawser
    const ws = await connect(url, { accepts: "text" });
    ws.send("something");
    for await (const message of ws) log.push(message);
    log.push(`closed with ${(await ws.closed).code}`);
    // #endregion
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, talk) => {
    const log: string[] = [];
    const url = await peerServer((ws) => {
      ws.on("message", (data: Buffer) => {
        ws.send(`you said ${data.toString()}`);
        ws.close(1000);
      });
    });
    await talk(url, log);
    await expect.poll(() => log).toEqual(["you said something", "closed with 1000"]);
  });
});

describe("an answer other than 101", () => {
  async function viaWs(url: string) {
    // #region refused client: ws
    const ws = new WebSocket(url);
    ws.on("error", console.error);
    const [, { statusCode, headers }] = await once(ws, "unexpected-response");
    ws.terminate();
    // #endregion
    return [statusCode, headers["retry-after"]];
  }

  async function viaHawser(url: string) {
    // #region refused client: Hawser
    const error: unknown = await connect(url).catch((reason: unknown) => reason);
    if (!(error instanceof HandshakeError)) throw new TypeError("it should have been refused");
    const { status, headers, body } = error; // the status is 0 where there was no answer at all
    // #endregion
    expect(body).toBe("come back later");
    return [status, headers.get("retry-after")];
  }

  test.each(both(viaWs, viaHawser))("%s", async (name, open) => {
    const error = vi.spyOn(console, "error").mockReturnValue();
    const http = createHttpServer();
    http.on("upgrade", (_request, socket) => {
      socket.end(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 15\r\n\r\ncome back later",
      );
    });
    expect(await open(local(await portOf(http)))).toEqual([503, "7"]);
    // terminate() before the connection is open is an error.
    await expect.poll(() => error.mock.calls.length).toBe(name === "ws" ? 1 : 0);
  });
});

describe("headers of the answer", () => {
  async function viaWs(url: string) {
    // #region answer: ws
    const ws = new WebSocket(url);
    const [response] = await once(ws, "upgrade");
    const servedBy = response.headers["x-served-by"];
    // #endregion
    dropped(ws);
    return servedBy;
  }

  async function viaHawser(url: string) {
    // #region answer: Hawser
    const ws = await connect(url);
    const servedBy = ws.response.headers.get("x-served-by");
    // #endregion
    dropped(ws);
    return servedBy;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    const server = new WebSocketServer({ port });
    server.on("headers", (headers) => headers.push("X-Served-By: a"));
    expect(await open(await urlOf(server))).toBe("a");
  });
});

describe("giving up", () => {
  async function viaWs(url: string, signal: AbortSignal) {
    // #region abort: ws
    const ws = new WebSocket(url);
    signal.addEventListener("abort", () => ws.terminate());
    await once(ws, "open");
    // #endregion
  }

  async function viaHawser(url: string, signal: AbortSignal) {
    // #region abort: Hawser
    const ws = await connect(url, { signal });
    // #endregion
    await ws.terminate();
  }

  test.each(both(viaWs, viaHawser))("%s", async (name, open) => {
    const giveUp = new AbortController();
    const mute = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("close", () => socket.destroy());
      socket.once("data", () => giveUp.abort());
    });
    const error: unknown = await open(local(await portOf(mute)), giveUp.signal).catch(
      (reason: unknown) => reason,
    );
    if (name === "Hawser") expect(error).toBe(giveUp.signal.reason);
    else
      expect(error).toMatchObject({ message: "WebSocket was closed before the connection was established" });
  });
});

describe("a server that is gone is noticed", () => {
  async function viaWs(url: string, patience: number) {
    // #region client heartbeat: ws
    const ws = new WebSocket(url);
    let timer: NodeJS.Timeout | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => ws.terminate(), patience); // longer than the server takes between two pings
    };
    ws.on("open", heard);
    ws.on("ping", heard);
    ws.on("close", () => clearTimeout(timer));
    // #endregion
    const [code] = await once(ws, "close");
    return code;
  }

  async function viaHawser(url: string, patience: number) {
    // #region client heartbeat: Hawser
    const ws = await connect(url, { timeouts: { keepalive: patience, pong: patience } });
    // #endregion
    expect(await ws.closed).toMatchObject({ cause: "keepalive", code: 1011 });
    return 1006;
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, open) => {
    expect(await open(await peerServer(() => undefined, { autoPong: false }), 50)).toBe(1006);
  });
});

describe("coming back", () => {
  function viaWs(url: string, delay: number, log: string[]) {
    // #region reconnect: ws
    const open = () => {
      const ws = new WebSocket(url);
      ws.on("error", console.error);
      ws.on("message", (data: Buffer) => log.push(data.toString()));
      ws.on("close", (code) => {
        if (code !== 1000) setTimeout(open, delay);
      });
    };
    open();
    // #endregion
  }

  async function viaHawser(url: string, delay: number, log: string[]) {
    // #region reconnect: Hawser
    const ws = reconnecting(url, { accepts: "text", backoff: { initial: delay } });
    for await (const message of ws) log.push(message);
    // #endregion
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, follow) => {
    let connections = 0;
    const url = await peerServer((ws) => {
      connections += 1;
      // Ended once by a fault of the server's, which both come back after, and once for good.
      ws.send(`connection ${connections}`);
      ws.close(connections === 1 ? 1011 : 1000);
    });
    const log: string[] = [];
    void follow(url, 10, log);
    await expect.poll(() => log).toEqual(["connection 1", "connection 2"]);
  });
});

describe("the class of the browsers", () => {
  async function viaBoth(WebSocket: typeof StandardWebSocket, url: string, log: string[]) {
    // #region standard: both
    const ws = new WebSocket(url, ["chat.v2"]);
    ws.binaryType = "arraybuffer";
    ws.onopen = () => ws.send("something");
    ws.addEventListener("message", ({ data }) => log.push(String(data)));
    ws.addEventListener("close", ({ code, wasClean }) => log.push(`closed with ${code}, clean: ${wasClean}`));
    // #endregion
  }

  // The class of ws has the same shape in what is used here, and no dispatchEvent().
  const classes = [
    ["ws", WebSocket as unknown as typeof StandardWebSocket],
    ["Hawser", StandardWebSocket],
  ] as const;

  test.each(classes)("%s", async (_, standard) => {
    const log: string[] = [];
    const url = await peerServer((ws) => {
      ws.on("message", (data: Buffer) => {
        ws.send(`you said ${data.toString()}`);
        ws.close(1000);
      });
    });
    await viaBoth(standard, url, log);
    await expect.poll(() => log).toEqual(["you said something", "closed with 1000, clean: true"]);
  });
});
