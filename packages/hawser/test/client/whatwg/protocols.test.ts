// Subprotocols, and the second argument in which they stand.
import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { loosely, next, record, scripted, serveWith, thrownBy } from "./support.ts";

const nowhere = "ws://localhost:1/";

describe("the second argument", () => {
  test.each([
    ["a string", "chat", "chat"],
    ["an array", ["chat", "superchat"], "chat, superchat"],
    ["any iterable", new Set(["a", "b"]), "a, b"],
    ["an array of what is no string", [1, { toString: () => "two" }], "1, two"],
    ["an array in an array", [["chat"]], "chat"],
    ["a String object, which is iterable", new String("ab"), "a, b"],
    ["null, which is made a string", null, "null"],
    ["a number", 5, "5"],
    ["an empty array", [], undefined],
    ["undefined", undefined, undefined],
    ["an object of ours", { protocols: ["chat"] }, "chat"],
    ["an object of ours with a string", { protocols: "chat" }, "chat"],
    ["an object of ours without", {}, undefined],
  ])("%s", async (_, given, header) => {
    let offered: string | undefined;
    const { url } = await scripted("ws", async (peer) => {
      await peer.requested();
      offered = peer.header("Sec-WebSocket-Protocol");
      const lines = offered === undefined ? [] : [`Sec-WebSocket-Protocol: ${offered.split(", ")[0]}`];
      peer.socket.write(peer.answer(lines));
      peer.socket.end(Buffer.from([0x88, 0]));
    });
    const ws = new WebSocket(url, loosely(given));
    expect(ws.protocol).toBe("");
    const { events, closed } = record(ws);
    expect(await closed).toMatchObject({ code: 1005, wasClean: true });
    expect(events[0]).toBe("open 1");
    expect(offered).toBe(header);
    expect(ws.protocol).toBe(header?.split(", ")[0] ?? "");
  });

  test("more arguments are ignored", () => {
    const ws = new (loosely(WebSocket))(nowhere, [], "stray");
    expect(ws).toBeInstanceOf(WebSocket);
  });

  test.each<[given: string | string[], what: string]>([
    ["", "an empty one"],
    [[""], "an empty one in a list"],
    ["a b", "a space"],
    ["/echo", "a separator"],
    ["\u0080", "no ASCII"],
    [["echo", "echo"], "one twice"],
    [["echo", "eCho"], "one twice but for its case"],
  ])("%j is a SyntaxError: %s", (given) => {
    expect(thrownBy(() => new WebSocket(nowhere, given))).toMatchObject({ name: "SyntaxError", code: 12 });
    const list = typeof given === "string" ? [given] : given;
    expect(thrownBy(() => new WebSocketStream(nowhere, { protocols: list })).name).toBe("SyntaxError");
  });

  test("a symbol among them is a TypeError", () => {
    expect(() => new WebSocket(nowhere, loosely([Symbol("s")]))).toThrow(TypeError);
    expect(() => new WebSocket(nowhere, loosely(Symbol("s")))).toThrow(TypeError);
  });

  test.each([
    [{ subprotocols: ["chat"] }, /no option "subprotocols"/],
    [{ tls: 5 }, /tls/],
    [{ limits: { messages: 1 } }, /limits\.messages/],
    [{ headers: { "Sec-WebSocket-Key": "x" } }, /Sec-WebSocket-Key/],
    [{ headers: { "x-a": "a\r\nb" } }, /x-a/],
    [{ redirects: "many" }, /redirects/],
  ])("%j is a TypeError at the call", (given, message) => {
    expect(() => new WebSocket(nowhere, loosely(given))).toThrow(TypeError);
    expect(() => new WebSocket(nowhere, loosely(given))).toThrow(message);
  });

  test("limits are those of browsers unless it says otherwise", async () => {
    const size = 2 * 1024 * 1024;
    const place = await serveWith("ws", (ws) => {
      ws.send("x".repeat(size));
      return ws.closed;
    });
    const ws = new WebSocket(place.url);
    expect((await next(ws, "message")).data).toHaveLength(size);
    ws.close();
    const { events, closed } = record(new WebSocket(place.url, { limits: { message: 1024 } }));
    expect(await closed).toEqual({ code: 1006, reason: "", wasClean: false });
    expect(events).toEqual(["open 1", "error 3", "close 3 1006 "]);
  });

  test("headers go out with the request", async () => {
    let seen: string | undefined;
    const { url } = await scripted("ws", async (peer) => {
      await peer.accept();
      seen = peer.header("X-Token");
      peer.socket.end(Buffer.from([0x88, 0]));
    });
    await record(new WebSocket(url, { headers: { "x-token": "abc" } })).closed;
    expect(seen).toBe("abc");
  });
});

describe("what the server chose", () => {
  let hungUp = 0;

  /** Answers with these lines, whatever was asked. */
  const answering = (...lines: string[]) =>
    scripted("ws", async (peer) => {
      peer.socket.on("end", () => {
        hungUp += 1;
      });
      await peer.requested();
      peer.socket.write(peer.answer(lines));
    });

  test("is the protocol attribute, in the open event already", async () => {
    const { url } = await answering("Sec-WebSocket-Protocol: b");
    const ws = new WebSocket(url, ["a", "b"]);
    const protocol = await new Promise((resolve) => {
      ws.onopen = () => resolve(ws.protocol);
    });
    expect(protocol).toBe("b");
  });

  test("may not be nothing, where something was asked for", async () => {
    hungUp = 0;
    const { url } = await answering();
    const { events, closed } = record(new WebSocket(url, "chat"));
    await closed;
    expect(events).toEqual(["error 3", "close 3 1006 "]);
    const stream = new WebSocketStream(url, { protocols: ["chat"] });
    await expect(stream.opened).rejects.toMatchObject({ name: "WebSocketError" });
    // Nobody holds on to what the server believes to be a connection.
    await vi.waitFor(() => expect(hungUp).toBe(2));
  });

  test.each([["Sec-WebSocket-Protocol: other"], ["Sec-WebSocket-Extensions: unheard-of"]])(
    "may not be what nobody asked for: %s",
    async (line) => {
      const { url } = await answering(line);
      const { events, closed } = record(new WebSocket(url));
      await closed;
      expect(events).toEqual(["error 3", "close 3 1006 "]);
    },
  );
});
