import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { refuse, serve, upgrade } from "hawser";
import { describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { both, dial, helloServer, refusalOf, urlOf } from "./coming-from-ws-support.ts";

const port = 0;
const openUrl = (server: Parameters<typeof urlOf>[0]) => urlOf(server);

describe("a path", () => {
  async function viaWs() {
    // #region path: ws
    const server = new WebSocketServer({ port, path: "/chat" });
    server.on("connection", (ws) => ws.send("welcome"));
    // #endregion
    return openUrl(server);
  }

  async function viaHawser() {
    // #region path: Hawser
    const server = await serve({ port, resources: { "/chat": { open: (ws) => ws.send("welcome") } } });
    // #endregion
    return openUrl(server);
  }

  test.each(both(viaWs, viaHawser))("%s", async (name, start) => {
    const url = await start();
    const peer = await dial(`${url}/chat?room=a`);
    expect(await peer.receive()).toBe("welcome");
    expect(await refusalOf(`${url}/other`)).toBe(name === "ws" ? 400 : 404);
  });
});

describe("on an HTTP server", () => {
  async function viaWs(http = helloServer()) {
    // #region http server: ws
    const server = new WebSocketServer({ server: http });
    server.on("connection", (ws) => ws.send("welcome"));
    http.listen(port);
    // #endregion
    return urlOf(http);
  }

  async function viaHawser(http = helloServer()) {
    // #region http server: Hawser
    upgrade(http, {}, { open: (ws) => ws.send("welcome") });
    http.listen(port);
    // #endregion
    return urlOf(http);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    expect(await (await dial(url)).receive()).toBe("welcome");
    expect(await (await fetch(url.replace("ws:", "http:"))).text()).toBe("hello");
  });
});

describe("several on one HTTP server", () => {
  async function viaWs(http = helloServer()) {
    // #region sharing: ws
    const tea = new WebSocketServer({ noServer: true });
    const coffee = new WebSocketServer({ noServer: true });
    tea.on("connection", (ws) => ws.send("tea"));
    coffee.on("connection", (ws) => ws.send("coffee"));
    http.on("upgrade", (request, socket, head) => {
      const { pathname } = new URL(request.url ?? "/", "ws://localhost");
      const server = new Map([
        ["/tea", tea],
        ["/coffee", coffee],
      ]).get(pathname);
      if (server === undefined) socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
      else server.handleUpgrade(request, socket, head, (ws) => server.emit("connection", ws, request));
    });
    http.listen(port);
    // #endregion
    return urlOf(http);
  }

  async function viaHawser(http = helloServer()) {
    // #region sharing: Hawser
    upgrade(http, {
      resources: {
        "/tea": { open: (ws) => ws.send("tea") },
        "/coffee": { open: (ws) => ws.send("coffee") },
      },
    });
    http.listen(port);
    // #endregion
    return urlOf(http);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    expect(await (await dial(`${url}/tea`)).receive()).toBe("tea");
    expect(await (await dial(`${url}/coffee`)).receive()).toBe("coffee");
    expect(await refusalOf(`${url}/milk`)).toBe(404);
  });
});

describe("a router of one's own", () => {
  async function viaWs(http = helloServer()) {
    // #region router: ws
    const server = new WebSocketServer({ noServer: true });
    server.on("connection", (ws) => ws.send("welcome"));
    http.on("upgrade", (request, socket, head) => {
      server.handleUpgrade(request, socket, head, (ws) => server.emit("connection", ws, request));
    });
    // #endregion
    http.listen(port);
    return urlOf(http);
  }

  async function viaHawser(http = helloServer()) {
    // #region router: Hawser
    const endpoint = upgrade(null, {}, { open: (ws) => ws.send("welcome") });
    http.on("upgrade", (request, socket, head) => endpoint.handle(request, socket, head));
    // #endregion
    http.listen(port);
    return urlOf(http);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    expect(await (await dial(await start())).receive()).toBe("welcome");
  });
});

describe("the session of an Express application", () => {
  type SessionRequest = IncomingMessage & { session?: { user?: string } };

  /** What `express-session` makes: it looks at the cookie and the URL, and gives the request its session. */
  const sessions = (request: SessionRequest, _response: ServerResponse, next: () => void) => {
    const known = request.headers.cookie === "sid=s1" && request.url?.startsWith("/");
    request.session = known ? { user: "ada" } : {};
    setImmediate(next);
  };

  async function viaWs(http = helloServer()) {
    // #region session: ws
    const server = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request: SessionRequest, socket, head) => {
      sessions(request, new ServerResponse(request), () => {
        const user = request.session?.user;
        if (user === undefined) socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
        else server.handleUpgrade(request, socket, head, (ws) => ws.send(`welcome, ${user}`));
      });
    });
    // #endregion
    http.listen(port);
    return urlOf(http);
  }

  async function viaHawser(http = helloServer()) {
    // #region session: Hawser
    upgrade(
      http,
      {
        async upgrade({ target, headers }) {
          const request: SessionRequest = new IncomingMessage(new Socket());
          request.url = target;
          request.headers = { cookie: headers.get("cookie") ?? "" };
          await new Promise<void>((next) => sessions(request, new ServerResponse(request), next));
          const user = request.session?.user;
          return user === undefined ? refuse(401) : { state: { user } };
        },
      },
      { open: (ws) => ws.send(`welcome, ${ws.state.user}`) },
    );
    // #endregion
    http.listen(port);
    return urlOf(http);
  }

  test.each(both(viaWs, viaHawser))("%s", async (_, start) => {
    const url = await start();
    expect(await (await dial(url, { cookie: "sid=s1" })).receive()).toBe("welcome, ada");
    expect(await refusalOf(url)).toBe(401);
  });
});
