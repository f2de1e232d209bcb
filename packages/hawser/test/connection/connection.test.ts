// What a connection says of itself.

import { describe, expect, test } from "vitest";
import { keepHeaders } from "../../src/connection/connection.ts";
import { pairOf, turns } from "./support.ts";

describe("a connection", () => {
  test("knows its version, what that can carry, its state and its subprotocol", () => {
    const { server, client } = pairOf({ server: { state: { user: "ann" } }, subprotocol: "chat.v2" });
    expect(server.version).toBe("rfc6455");
    expect(server.can).toEqual({
      binary: true,
      fragments: true,
      ping: true,
      closeCode: true,
      compression: false,
    });
    expect([server.subprotocol, client.subprotocol]).toEqual(["chat.v2", "chat.v2"]);
    expect(server.state).toEqual({ user: "ann" });
    server.state = { user: "bob" };
    expect(server.state.user).toBe("bob");
    expect(client.state).toBeUndefined();
  });

  test("has the handshake whole, until it is told what to keep", () => {
    const { server, client } = pairOf({
      target: "/room?a=1",
      headers: { "X-Room": "blue", Cookie: "token=t", "x-other": "y" },
      subprotocol: "s",
    });
    for (const ws of [server, client]) {
      expect(ws.request.headers.get("x-room")).toBe("blue");
      expect(ws.request.path).toBe("/room");
      expect(ws.request.cookies["token"]).toBe("t");
      expect(ws.request.subprotocols).toEqual(["s"]);
      expect(ws.response.status).toBe(101);
      expect(ws.response.headers.get("sec-websocket-accept")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
    keepHeaders(server, ["X-ROOM", "Upgrade"]);
    expect([...server.request.headers]).toEqual([
      ["Upgrade", "websocket"],
      ["X-Room", "blue"],
    ]);
    expect([...server.response.headers]).toEqual([["Upgrade", "websocket"]]);
    expect(server.response).toMatchObject({ status: 101, reason: "Switching Protocols" });
    expect(server.request.cookies).toEqual({});
    expect(server.request.path).toBe("/room");
    // The other end has a handshake of its own.
    expect(client.request.headers.get("x-other")).toBe("y");
  });

  test("goes through its phases", async () => {
    const { server, client } = pairOf({ toServer: { delay: 10 } });
    expect(server.phase).toBe("open");
    void server.close();
    expect(server.phase).toBe("closing");
    await turns();
    expect(client.phase).toBe("closing");
    void server.terminate();
    expect(server.phase).toBe("closed");
  });
});
