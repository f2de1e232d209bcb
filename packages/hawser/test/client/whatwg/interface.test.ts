// The shape of the classes, as Web IDL has it: what is enumerable, what is constant, and whom a member may be called on.
import { describe, expect, test } from "vitest";
import { CloseEvent } from "../../../src/client/whatwg/close-event.ts";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { WebSocketError } from "../../../src/client/whatwg/websocket-error.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { loosely, thrownBy } from "./support.ts";

/** Blocked, so that nothing is dialled. */
const nowhere = "ws://localhost:1/";

const interfaces = [
  {
    made: WebSocket,
    parent: EventTarget,
    attributes: ["url", "readyState", "bufferedAmount", "extensions", "protocol"],
    writable: ["binaryType", "onopen", "onmessage", "onerror", "onclose"],
    operations: { send: 1, close: 0 },
    length: 1,
  },
  {
    made: WebSocketStream,
    parent: Function.prototype,
    attributes: ["url", "opened", "closed"],
    writable: [],
    operations: { close: 0 },
    length: 1,
  },
  {
    made: CloseEvent,
    parent: Event,
    attributes: ["wasClean", "code", "reason"],
    writable: [],
    operations: {},
    length: 1,
  },
  {
    made: WebSocketError,
    parent: DOMException,
    attributes: ["closeCode", "reason"],
    writable: [],
    operations: {},
    length: 0,
  },
].map((row) => [loosely(row.made).name, row] as const);

describe.each(interfaces)("%s", (name, { made, parent, attributes, writable, operations, length }) => {
  const prototype: object = made.prototype;
  const of = (member: string) => Object.getOwnPropertyDescriptor(prototype, member);

  test("is a class of this name and length, with this parent", () => {
    expect(made).toHaveLength(length);
    expect(Object.getPrototypeOf(made)).toBe(parent);
    expect(Object.getOwnPropertyDescriptor(made, "prototype")).toMatchObject({
      writable: false,
      enumerable: false,
      configurable: false,
    });
    expect(Object.getOwnPropertyDescriptor(prototype, "constructor")).toMatchObject({
      value: made,
      enumerable: false,
    });
  });

  test("cannot be called without new", () => expect(() => loosely(made)(nowhere)).toThrow(TypeError));

  test("names itself", () => {
    expect(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)).toEqual({
      value: name,
      writable: false,
      enumerable: false,
      configurable: true,
    });
  });

  test.each([...attributes, ...writable])("attribute %s", (attribute) => {
    const { get, set, enumerable, configurable } = of(attribute)!;
    expect({ enumerable, configurable }).toEqual({ enumerable: true, configurable: true });
    expect(get?.name).toBe(`get ${attribute}`);
    expect(get).toHaveLength(0);
    expect(set === undefined).toBe(!(writable as string[]).includes(attribute));
    if (attribute === "opened" || attribute === "closed") return;
    for (const wrong of [undefined, {}, prototype]) expect(() => get?.call(wrong)).toThrow(TypeError);
  });

  test.each(Object.entries(operations))("operation %s", (operation, needed) => {
    const { value, writable, enumerable, configurable } = of(operation)!;
    expect({ writable, enumerable, configurable }).toEqual({
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(value.name).toBe(operation);
    expect(value).toHaveLength(needed);
    for (const wrong of [undefined, {}, prototype]) expect(() => value.call(wrong, "x")).toThrow(TypeError);
  });

  test("has nothing else", () => {
    const constants = made === WebSocket ? ["CONNECTING", "OPEN", "CLOSING", "CLOSED"] : [];
    expect(Object.getOwnPropertyNames(prototype).sort()).toEqual(
      ["constructor", ...attributes, ...writable, ...Object.keys(operations), ...constants].sort(),
    );
  });
});

test("setters refuse what is no WebSocket", () => {
  for (const name of ["binaryType", "onopen", "onmessage", "onerror", "onclose"]) {
    const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, name)!;
    expect(() => set?.call({}, null), name).toThrow(TypeError);
  }
});

test("attributes that are promises reject instead", async () => {
  for (const name of ["opened", "closed"]) {
    const { get } = Object.getOwnPropertyDescriptor(WebSocketStream.prototype, name)!;
    await expect(get?.call({}), name).rejects.toBeInstanceOf(TypeError);
    await expect(get?.call(WebSocketStream.prototype), name).rejects.toBeInstanceOf(TypeError);
  }
});

describe("constants", () => {
  const all = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

  test.each(Object.entries(all))("%s is %i, on the class and on its instances, for ever", (name, value) => {
    for (const holder of [WebSocket, WebSocket.prototype]) {
      expect(Object.getOwnPropertyDescriptor(holder, name)).toEqual({
        value,
        writable: false,
        enumerable: true,
        configurable: false,
      });
    }
    const ws = loosely(new WebSocket(nowhere));
    expect(ws[name]).toBe(value);
    expect(() => {
      ws[name] = 5;
    }).toThrow(TypeError);
    expect(ws[name]).toBe(value);
  });
});

describe("an instance", () => {
  test("is what it says it is", () => {
    const ws = new WebSocket(nowhere);
    expect(ws).toBeInstanceOf(EventTarget);
    expect(String(loosely(ws))).toBe("[object WebSocket]");
    expect(Object.keys(ws)).toEqual([]);
  });

  test("has read-only attributes: setting them is a TypeError, deleting does nothing", () => {
    const ws = loosely(new WebSocket(nowhere));
    for (const name of ["url", "readyState", "bufferedAmount", "extensions", "protocol"]) {
      const before = ws[name];
      expect(() => {
        ws[name] = "other";
      }).toThrow(TypeError);
      expect(delete ws[name]).toBe(true);
      expect(ws[name]).toBe(before);
    }
  });

  test("starts as the standard says", () => {
    const ws = new WebSocket(nowhere);
    expect([ws.readyState, ws.bufferedAmount, ws.extensions, ws.protocol, ws.binaryType]).toEqual([
      0,
      0,
      "",
      "",
      "blob",
    ]);
    expect([ws.onopen, ws.onmessage, ws.onerror, ws.onclose]).toEqual([null, null, null, null]);
  });

  test("of a class of the application's is one of both", () => {
    class Own extends WebSocket {
      readonly mine = 1;
    }
    const ws = new Own(nowhere);
    expect([ws instanceof Own, ws instanceof WebSocket, ws.mine, ws.readyState]).toEqual([true, true, 1, 0]);
  });
});

describe("CloseEvent", () => {
  test("defaults", () => {
    const event = new CloseEvent("close");
    expect([event.type, event.wasClean, event.code, event.reason]).toEqual(["close", false, 0, ""]);
    expect([event.bubbles, event.cancelable, event.isTrusted]).toEqual([false, false, false]);
    expect(String(loosely(event))).toBe("[object CloseEvent]");
  });

  test("takes a dictionary, and converts it", () => {
    const init = { wasClean: 1, code: "65537", reason: "a\uD800", bubbles: true, cancelable: true };
    const event = new CloseEvent("own", loosely(init));
    expect([event.type, event.wasClean, event.code, event.reason]).toEqual(["own", true, 1, "a\uFFFD"]);
    expect([event.bubbles, event.cancelable]).toEqual([true, true]);
    expect(new CloseEvent("close", loosely(null)).code).toBe(0);
  });

  test("needs a type, and no primitive for a dictionary", () => {
    expect(() => new (loosely(CloseEvent))()).toThrow(TypeError);
    expect(() => new CloseEvent("close", loosely("x"))).toThrow(TypeError);
  });
});

describe("WebSocketError", () => {
  test("defaults", () => {
    const error = new WebSocketError();
    expect([error.name, error.code, error.message]).toEqual(["WebSocketError", 0, ""]);
    expect([error.closeCode, error.reason]).toEqual([null, ""]);
    expect([error instanceof DOMException, error instanceof Error, error.constructor]).toEqual([
      true,
      true,
      WebSocketError,
    ]);
    expect(Object.prototype.toString.call(error)).toBe("[object WebSocketError]");
  });

  test.each([
    [{ closeCode: 3456, reason: "r" }, 3456, "r"],
    [{ closeCode: 3333 }, 3333, ""],
    [{ reason: "specified" }, 1000, "specified"],
    [{ reason: "" }, null, ""],
    [{ closeCode: undefined }, null, ""],
    [{ closeCode: "1000" }, 1000, ""],
    [{ reason: "🔌".repeat(30) }, 1000, "🔌".repeat(30)],
    [{ reason: "\uD800" }, 1000, "\uFFFD"],
    [null, null, ""],
  ])("from %j", (init, closeCode, reason) => {
    const error = new WebSocketError("message", loosely(init));
    expect([error.message, error.closeCode, error.reason]).toEqual(["message", closeCode, reason]);
  });

  test.each([
    [{ closeCode: 999 }, "InvalidAccessError"],
    [{ closeCode: 1001 }, "InvalidAccessError"],
    [{ closeCode: 2999 }, "InvalidAccessError"],
    [{ closeCode: 5000 }, "InvalidAccessError"],
    [{ closeCode: null }, "InvalidAccessError"],
    [{ closeCode: 1000, reason: "x".repeat(124) }, "SyntaxError"],
    [{ reason: "🔌".repeat(32) }, "SyntaxError"],
    [{ closeCode: 70_000 }, "TypeError"],
    [{ closeCode: "x" }, "TypeError"],
    [true, "TypeError"],
  ])("refuses %j with a %s", (init, name) => {
    expect(thrownBy(() => new WebSocketError("", loosely(init))).name).toBe(name);
  });
});
