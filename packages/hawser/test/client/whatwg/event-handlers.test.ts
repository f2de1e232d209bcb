// onopen, onmessage, onerror and onclose: what they keep, and when in the order of listeners they are called.
import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { loosely } from "./support.ts";

const socket = () => new WebSocket("ws://localhost:1/");

describe.each(["open", "message", "error", "close"])("on%s", (type) => {
  const name = `on${type}`;

  test("keeps a function, and any object", () => {
    const ws = loosely(socket());
    const kept = [() => undefined, { handleEvent() {} }, {}];
    for (const value of kept) {
      ws[name] = value;
      expect(ws[name]).toBe(value);
    }
  });

  test.each([2, "text", undefined, true, Symbol("s"), 5n])("takes %s for null", (value) => {
    const ws = loosely(socket());
    ws[name] = () => undefined;
    ws[name] = value;
    expect(ws[name]).toBeNull();
  });

  test("is called with the event, on the object", () => {
    const ws = loosely(socket());
    const handler = vi.fn(function (this: unknown) {
      return this;
    });
    ws[name] = handler;
    const event = new Event(type);
    ws.dispatchEvent(event);
    expect(handler.mock.calls).toEqual([[event]]);
    expect(handler.mock.results[0]?.value).toBe(ws);
  });

  test("keeps its place when it is set anew, and loses it when it is null in between", () => {
    const ws = loosely(socket());
    const log: string[] = [];
    const dispatched = () => {
      log.length = 0;
      ws.dispatchEvent(new Event(type));
      return log.join(" ");
    };
    ws.addEventListener(type, () => log.push("first"));
    ws[name] = () => log.push("one");
    ws.addEventListener(type, () => log.push("last"));
    expect(dispatched()).toBe("first one last");
    ws[name] = () => log.push("two");
    expect(dispatched()).toBe("first two last");
    ws[name] = null;
    expect(dispatched()).toBe("first last");
    ws[name] = () => log.push("three");
    expect(dispatched()).toBe("first last three");
  });

  test("is not called while it is an object that cannot be called", () => {
    const ws = loosely(socket());
    const handleEvent = vi.fn();
    ws[name] = { handleEvent };
    ws.dispatchEvent(new Event(type));
    expect(handleEvent).not.toHaveBeenCalled();
  });

  test("cancels an event by returning false", () => {
    const ws = loosely(socket());
    ws[name] = () => false;
    expect(ws.dispatchEvent(new Event(type, { cancelable: true }))).toBe(false);
    ws[name] = () => undefined;
    expect(ws.dispatchEvent(new Event(type, { cancelable: true }))).toBe(true);
  });
});
