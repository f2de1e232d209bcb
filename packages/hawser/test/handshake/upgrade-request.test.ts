// The request of a WebSocket as an application sees it: whole before the answer, slim after.
import { describe, expect, test } from "vitest";
import { examine } from "../../src/handshake/answer.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";
import { keptHeaders, keptResponse, noParams, UpgradeRequest } from "../../src/handshake/upgrade-request.ts";
import { request } from "./support.ts";

const surroundings = { remoteAddress: "203.0.113.7", secure: true, host: "chat.example:8443" };

function upgradeRequest(
  headers: Record<string, string | readonly string[]> = {},
  target = "/chat/blue%20room?user=a%20b&user=c&empty",
) {
  return new UpgradeRequest(examine(request(headers, { target })), surroundings, noParams);
}

describe("the request", () => {
  test("says what its line says", () => {
    const asked = upgradeRequest();
    expect(asked.method).toBe("GET");
    expect(asked.target).toBe("/chat/blue%20room?user=a%20b&user=c&empty");
    expect(asked.path).toBe("/chat/blue%20room");
    expect(String(asked)).toBe("GET /chat/blue%20room?user=a%20b&user=c&empty HTTP/1.1");
  });

  test("says where it came from", () => {
    expect(upgradeRequest()).toMatchObject(surroundings);
    const unknown = { ...surroundings, remoteAddress: undefined, secure: false };
    expect(new UpgradeRequest(examine(request()), unknown, noParams)).toMatchObject(unknown);
  });

  test("has a query, made once", () => {
    const { query } = upgradeRequest();
    expect([...query]).toEqual([
      ["user", "a b"],
      ["user", "c"],
      ["empty", ""],
    ]);
    const asked = upgradeRequest({}, "/chat");
    expect([...asked.query]).toEqual([]);
    expect(asked.query).toBe(asked.query);
    expect(upgradeRequest({}, "/a?b=1?c=2").query.get("b")).toBe("1?c=2");
  });

  test("has cookies, made once", () => {
    const asked = upgradeRequest({ Cookie: ["token=a%20b; theme=dark", "token=other"] });
    expect(asked.cookies).toEqual({ token: "a b", theme: "dark" });
    expect(asked.cookies).toBe(asked.cookies);
    expect(upgradeRequest().cookies).toEqual({});
  });

  test("has an origin in browsers", () => {
    expect(upgradeRequest({ Origin: "https://chat.example" }).origin).toBe("https://chat.example");
    expect(upgradeRequest().origin).toBeUndefined();
  });

  test("has the subprotocols that are offered, in their order", () => {
    const offer = { "Sec-WebSocket-Protocol": ["v2, v1", "v0"] };
    expect(upgradeRequest(offer).subprotocols).toEqual(["v2", "v1", "v0"]);
    expect(upgradeRequest().subprotocols).toEqual([]);
  });

  test("has no params until a resource gives it some", () => {
    const asked = upgradeRequest();
    expect(asked.params).toEqual({});
    expect(Object.isFrozen(asked.params)).toBe(true);
    asked.params = { room: "blue room" };
    expect(asked.params["room"]).toBe("blue room");
  });
});

test("another method, as versions to come may have, is told as it came", () => {
  const { head, ...opening } = examine(request());
  const asked = new UpgradeRequest(
    { ...opening, head: { ...head, method: "CONNECT" } },
    surroundings,
    noParams,
  );
  expect(asked.method).toBe("CONNECT");
});

describe("keptResponse", () => {
  const headers = HeaderList.fromRaw(["X-Room", "a", "Date", "today"]);
  const usual = { status: 101, reason: "Switching Protocols" };

  test("keeps the status, the reason and the lines that are named", () => {
    const kept = keptResponse({ ...usual, headers }, ["x-room"]);
    expect([kept.status, kept.reason, ...kept.headers]).toEqual([
      101,
      "Switching Protocols",
      ["X-Room", "a"],
    ]);
    const other = keptResponse({ status: 101, reason: "WebSocket", headers }, []);
    expect([other.status, other.reason, ...other.headers]).toEqual([101, "WebSocket"]);
    expect(keptResponse({ status: 200, reason: "OK", headers }, []).status).toBe(200);
  });

  test("is one object for all answers that are as usual", () => {
    expect(keptResponse({ ...usual, headers }, [])).toBe(keptResponse({ ...usual, headers }, []));
  });
});

describe("keepOnly", () => {
  const headers = {
    Cookie: "token=t",
    Origin: "https://chat.example",
    "X-Room": ["a", "b"],
    "Sec-WebSocket-Protocol": "v1",
  };

  test("forgets what is not named, and what was made of it", () => {
    const asked = upgradeRequest(headers);
    expect([asked.cookies["token"], asked.query.get("empty"), asked.origin]).toEqual([
      "t",
      "",
      "https://chat.example",
    ]);
    asked.keepOnly([]);
    expect([...asked.headers]).toEqual([]);
    expect(asked.cookies).toEqual({});
    expect(asked.origin).toBeUndefined();
    expect(asked.subprotocols).toEqual([]);
  });

  test("keeps the line, the query and the surroundings", () => {
    const asked = upgradeRequest(headers);
    asked.keepOnly([]);
    expect(asked).toMatchObject({ ...surroundings, path: "/chat/blue%20room", method: "GET" });
    expect(asked.query.get("user")).toBe("a b");
  });

  test("keeps all lines of the names given, in any case", () => {
    const asked = upgradeRequest(headers);
    asked.keepOnly(["x-ROOM", "cookie", "absent"]);
    expect([...asked.headers]).toEqual([
      ["Cookie", "token=t"],
      ["X-Room", "a"],
      ["X-Room", "b"],
    ]);
    expect(asked.cookies).toEqual({ token: "t" });
  });

  test("values of any byte come out as they were", () => {
    const value = "caf\u00e9 \u00ff";
    const kept = keptHeaders(new HeaderList([["X-Name", value]]), ["x-name"]);
    expect(kept.get("x-name")).toBe(value);
  });
});
