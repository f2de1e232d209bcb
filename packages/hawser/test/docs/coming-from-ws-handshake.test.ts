// The handshakes of "Coming from ws": each snippet is run, and both of a pair do the same.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { type HandshakeError, refuse, type Session, serve, upgrade } from "hawser";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { RawClient, REQUEST } from "../support/raw-client.ts";
import { both, dial, helloServer, refusalOf, urlOf } from "./coming-from-ws-support.ts";

const port = 0;
const echo: Session = async (ws) => {
  for await (const message of ws) ws.send(message);
};
const openUrl = (server: Parameters<typeof urlOf>[0]) => urlOf(server);

describe("who may connect", () => {
  async function viaWs() {
    // #region verify: ws
    const server = new WebSocketServer({
      port,
      verifyClient({ origin, req }, done) {
        if (origin !== "https://app.example") done(false, 403);
        else if (req.headers.authorization === "Bearer s3cret") done(true);
        else done(false, 401, "who are you?", { "WWW-Authenticate": "Bearer" });
      },
    });
    // #endregion
    return openUrl(server);
  }

  async function viaHawser() {
    // #region verify: Hawser
    const server = await serve(
      {
        port,
        origins: ["https://app.example"],
        upgrade({ headers }) {
          if (headers.get("authorization") === "Bearer s3cret") return;
          return refuse(401, "who are you?", { "WWW-Authenticate": "Bearer" });
        },
      },
      echo,
    );
    // #endregion
    return openUrl(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    vi.spyOn(process.stderr, "write").mockReturnValue(true); // the server says which Origin it refused
    const [Origin, Authorization] = ["https://app.example", "Bearer s3cret"];
    await dial(url, { headers: { Origin, Authorization } });
    expect(await refusalOf(url, { headers: { Origin: "https://evil.example", Authorization } })).toBe(403);
    const answer = await RawClient.dial(Number(new URL(url).port));
    answer.socket.write(REQUEST.toString().replace("\r\n\r\n", `\r\nOrigin: ${Origin}\r\n\r\n`));
    expect(await answer.readHead()).toMatch(/^HTTP\/1\.1 401 [\s\S]*www-authenticate: Bearer/i);
    answer.socket.destroy();
  });
});

describe("a user for each connection", () => {
  const userOf = async (token: string | undefined) => (token === "Bearer s3cret" ? "ada" : undefined);

  async function viaWs(http = helloServer()) {
    // #region user: ws
    const server = new WebSocketServer({ noServer: true });
    server.on("connection", (ws: WebSocket, _request: IncomingMessage, user: string) => {
      ws.on("message", (data: Buffer) => ws.send(`${user}: ${data.toString()}`));
    });
    http.on("upgrade", (request, socket, head) => {
      socket.on("error", console.error);
      void userOf(request.headers.authorization).then((user) => {
        socket.off("error", console.error);
        if (user === undefined) socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
        else
          server.handleUpgrade(request, socket, head, (ws) => server.emit("connection", ws, request, user));
      });
    });
    // #endregion
    http.listen(port);
    return urlOf(http);
  }

  async function viaHawser(http = helloServer()) {
    // #region user: Hawser
    upgrade(
      http,
      {
        accepts: "text",
        async upgrade({ headers }) {
          const user = await userOf(headers.get("authorization"));
          return user === undefined ? refuse(401) : { state: { user } };
        },
      },
      async (ws) => {
        for await (const message of ws) ws.send(`${ws.state.user}: ${message}`);
      },
    );
    // #endregion
    http.listen(port);
    return urlOf(http);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    const peer = await dial(url, { headers: { Authorization: "Bearer s3cret" } });
    await peer.send("hello");
    expect(await peer.receive()).toBe("ada: hello");
    expect(await refusalOf(url)).toBe(401);
  });
});

describe("the subprotocol", () => {
  async function viaWs() {
    // #region subprotocol: ws
    const server = new WebSocketServer({
      port,
      handleProtocols: (offered) => offered.has("chat.v2") && "chat.v2",
    });
    // #endregion
    return openUrl(server);
  }

  async function viaHawser() {
    // #region subprotocol: Hawser
    const server = await serve({ port, subprotocols: ["chat.v2"] }, echo);
    // #endregion
    return openUrl(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    expect((await dial(url, { subprotocols: ["chat.v1", "chat.v2"] })).subprotocol).toBe("chat.v2");
    expect(await refusalOf(url, { subprotocols: ["chat.v1"] })).toBe("Server sent no subprotocol");
  });
});

describe("headers of the answer", () => {
  async function viaWs() {
    // #region headers: ws
    const server = new WebSocketServer({ port });
    server.on("headers", (headers) => headers.push("X-Served-By: a"));
    // #endregion
    return openUrl(server);
  }

  async function viaHawser() {
    // #region headers: Hawser
    const server = await serve({ port, upgrade: () => ({ headers: { "X-Served-By": "a" } }) }, echo);
    // #endregion
    return openUrl(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const client = await RawClient.dial(Number(new URL(await start()).port));
    client.socket.write(REQUEST);
    expect(await client.readHead()).toMatch(/^HTTP\/1\.1 101 [\s\S]*X-Served-By: a\r\n/);
    client.socket.destroy();
  });
});

describe("the client's address behind a proxy", () => {
  async function viaWs() {
    // #region address: ws
    const server = new WebSocketServer({ port });
    server.on("connection", (ws, request) => {
      const forwarded = request.headers["x-forwarded-for"]?.toString();
      ws.send(forwarded?.split(",")[0]?.trim() ?? request.socket.remoteAddress ?? "unknown");
    });
    // #endregion
    return openUrl(server);
  }

  async function viaHawser() {
    // #region address: Hawser
    const server = await serve(
      { port, trustProxy: { from: ["127.0.0.1"], headers: "x-forwarded" } },
      { open: (ws) => ws.send(ws.request.remoteAddress ?? "unknown") },
    );
    // #endregion
    return openUrl(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (name, start) => {
    const url = await start();
    const seenAs = async (forwarded: string) =>
      (await dial(url, { headers: { "X-Forwarded-For": forwarded } })).receive();
    expect(await seenAs("203.0.113.7")).toBe("203.0.113.7");
    // What the client itself has put in front is believed by one of them.
    expect(await seenAs("192.0.2.1, 203.0.113.7")).toBe(name === "ws" ? "192.0.2.1" : "203.0.113.7");
    expect(await (await dial(url)).receive()).toMatch(/^(::ffff:)?127\.0\.0\.1$/);
  });
});

describe("requests that are refused", () => {
  async function viaWs(log: string[]) {
    // #region refused: ws
    const server = new WebSocketServer({ port });
    server.on("wsClientError", (error, socket, _request) => {
      log.push(error.message);
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    // #endregion
    return openUrl(server);
  }

  async function viaHawser(log: string[]) {
    const server = await serve({ port }, echo);
    // #region refused: Hawser
    const told = (message: unknown) => {
      const { error } = message as { error: HandshakeError };
      log.push(error.message);
    };
    subscribe("hawser:handshake:refused", told);
    // #endregion
    onTestFinished(() => void unsubscribe("hawser:handshake:refused", told));
    return openUrl(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const log: string[] = [];
    const client = await RawClient.dial(Number(new URL(await start(log)).port));
    client.socket.write(REQUEST.toString().replace("dGhlIHNhbXBsZSBub25jZQ==", "short"));
    expect(await client.readHead()).toMatch(/^HTTP\/1\.1 400 /);
    client.socket.destroy();
    expect(log).toEqual([expect.stringContaining("Sec-WebSocket-Key")]);
  });
});
