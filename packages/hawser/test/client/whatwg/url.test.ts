// URLs: which ones a WebSocket takes, what becomes of them, and what a page around it changes.
import { describe, expect, test } from "vitest";
import { urlRecord } from "../../../src/client/whatwg/url-record.ts";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { loosely, next, page, record, scripted, serveWith, thrownBy } from "./support.ts";

describe("a URL", () => {
  test.each([
    ["ws://localhost:1234", "ws://localhost:1234/"],
    ["WSS://EXAMPLE.org:443/a b?c d", "wss://example.org/a%20b?c%20d"],
    ["http://example.org/x", "ws://example.org/x"],
    ["https://example.org/x", "wss://example.org/x"],
    ["http://example.org:443/", "ws://example.org:443/"],
    ["https://example.org:443/", "wss://example.org/"],
    ["ws://example.org:80/%23", "ws://example.org/%23"],
    ["ws://user:pass@example.org/", "ws://user:pass@example.org/"],
    ["  ws://example.org/\n", "ws://example.org/"],
  ])("%j becomes %s", (given, href) => expect(urlRecord(given, undefined).href).toBe(href));

  test.each([
    "",
    "/relative",
    "?query",
    "//example.org/",
    "localhost",
    "ws://foo bar.com/",
    "ws://",
    "ftp://example.org/",
    "mailto:a@example.org",
    "about:blank",
    "ws+unix:/run/app.sock",
    "ws://example.org/#",
    "ws://example.org/#test",
    "ws://example.org:99999/",
  ])("%j is a SyntaxError", (given) => {
    for (const act of [() => new WebSocket(given), () => new WebSocketStream(given)]) {
      expect(thrownBy(act)).toMatchObject({ name: "SyntaxError", code: 12, constructor: DOMException });
    }
  });

  test("of an error does not show its password", () => {
    const { message } = thrownBy(() => new WebSocket("ftp://user:secret@example.org/"));
    expect(message).toContain("***@example.org");
    expect(message).not.toContain("secret");
  });

  test("may be an object, and is made a string", async () => {
    const place = await serveWith("ws");
    const ws = new WebSocket(new URL(place.url));
    expect(ws.url).toBe(place.url);
    ws.close();
    const closing = new WebSocket(loosely({ toString: () => place.url }));
    expect(closing.url).toBe(place.url);
    closing.close();
  });

  test("must be there, and no symbol", () => {
    expect(() => loosely(new (loosely(WebSocket))())).toThrow(TypeError);
    expect(() => loosely(new (loosely(WebSocketStream))())).toThrow(TypeError);
    expect(() => new WebSocket(loosely(Symbol("url")))).toThrow(TypeError);
    // With no page around it this is a relative one.
    expect(thrownBy(() => new WebSocket(loosely(undefined))).name).toBe("SyntaxError");
  });
});

describe("with a page around it", () => {
  test("relative URLs work, and the page's scheme becomes that of WebSockets", async () => {
    const { url } = await serveWith("ws");
    page({ href: `${url.replace("ws:", "http:")}folder/page.html?q`, origin: "http://page.example" });
    const urls = ["echo", "/root", "?other", "", loosely(undefined)].map((given) => {
      const ws = new WebSocket(given);
      ws.close();
      return ws.url.replace(url, "/");
    });
    expect(urls).toEqual([
      "/folder/echo",
      "/root",
      "/folder/page.html?other",
      "/folder/page.html?q",
      "/folder/undefined",
    ]);
    expect(thrownBy(() => new WebSocket("#test")).name).toBe("SyntaxError");
  });

  test("its origin is the handshake's", async () => {
    page({ href: "https://page.example/index.html", origin: "https://page.example" });
    const origins: (string | undefined)[] = [];
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      origins.push(peer.header("Origin"));
      peer.socket.end(Buffer.from([0x88, 0]));
    });
    await record(new WebSocket(url)).closed;
    await record(new WebSocket(url, { headers: { origin: "https://other.example" } })).closed;
    expect(origins).toEqual(["https://page.example", "https://other.example"]);
  });
});

test("without a page no Origin is sent, and no Referer or Cookie ever", async () => {
  const requests: string[] = [];
  const { url } = await scripted("ws", async (peer) => {
    await peer.accept();
    requests.push(peer.request);
    peer.socket.end(Buffer.from([0x88, 0]));
  });
  await record(new WebSocket(url)).closed;
  expect(requests[0]).not.toMatch(/^(?:origin|referer|cookie):/im);
});

test("a name and password in the URL are Basic authorization", async () => {
  let authorization: string | undefined;
  const { url } = await scripted("ws", async (peer) => {
    await peer.accept();
    authorization = peer.header("Authorization");
    peer.socket.end(Buffer.from([0x88, 0]));
  });
  const ws = new WebSocket(url.replace("ws://", "ws://foo:bar@"));
  await record(ws).closed;
  expect(authorization).toBe(`Basic ${btoa("foo:bar")}`);
});

test("a message's origin is that of the URL, without the path", async () => {
  const { url } = await serveWith("ws");
  const ws = new WebSocket(`${url}path?query`);
  await next(ws, "open");
  ws.send("x");
  expect((await next(ws, "message")).origin).toBe(url.slice(0, -1));
  ws.close();
});

test("a location that is no URL is as good as none", async () => {
  const { url } = await serveWith("ws");
  page({ href: "nowhere", origin: "" });
  expect(thrownBy(() => new WebSocket("/relative")).name).toBe("SyntaxError");
  const ws = new WebSocket(url);
  await next(ws, "open");
  ws.close();
});
