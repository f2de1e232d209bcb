// defineHandler and toHandler: what is a handler, and what is said of what is none.
import { defineHandler, type Handler } from "hawser";
import { describe, expect, test } from "vitest";
import { toHandler } from "../../src/handlers/application.ts";

describe("defineHandler", () => {
  test("gives back what it was given", () => {
    const handler = { open: () => undefined, message: () => undefined, close: () => undefined };
    expect(defineHandler(handler)).toBe(handler);
    expect(defineHandler({})).toEqual({});
    expect(
      defineHandler({ accepts: "text", upgrade: () => undefined, session: () => undefined }),
    ).toBeDefined();
    expect(defineHandler({ accepts: undefined, message: undefined } as unknown as Handler)).toBeDefined();
  });

  test.each([
    [
      { mesage() {} },
      'the handler has no option "mesage"; there are accepts, subprotocols, limits, timeouts, coupled, compression, origins, versions, ambiguous, path, upgrade, session, open, message, close',
    ],
    [{ open: 5 }, "open of the handler must be a function, not the number 5"],
    [{ upgrade: {} }, "upgrade of the handler must be a function, not an object"],
    [{ close: null }, "close of the handler must be a function, not null"],
    [{ session: "x" }, 'session of the handler must be a function, not the string "x"'],
    [{ accepts: "txt" }, 'the handler: accepts must be one of text, binary, not the string "txt"'],
    [null, "the options of the handler must be an object, not null"],
    ["x", 'a resource is a path that begins with "/", not "x"'],
  ])("%o", (handler, message) => {
    expect(() => defineHandler(handler as unknown as Handler)).toThrow(new TypeError(message));
  });

  test("undefined", () => {
    expect(() => defineHandler(undefined as unknown as Handler)).toThrow(TypeError);
  });

  test.each(["open", "message", "close"])("a session beside %s", (hook) => {
    const handler = { session() {}, [hook]() {} };
    expect(() => defineHandler(handler)).toThrow(
      new TypeError(
        "the handler has a session, which owns the connection: it cannot have open, message or close too",
      ),
    );
  });
});

describe("defineHandler with a path", () => {
  test("gives a copy that knows it", () => {
    const handler = { accepts: "text", message: () => undefined } as const;
    const chat = defineHandler("/chat/:room", handler);
    expect(chat).toEqual({ ...handler, path: "/chat/:room" });
    expect(handler).not.toHaveProperty("path");
    expect(defineHandler("/chat/:room", chat)).toEqual(chat);
    expect(defineHandler(chat)).toBe(chat);
  });

  test("keeps what a class has", () => {
    class Echo {
      readonly accepts = "text";
      message(): string {
        return `${this.accepts} of ${this.constructor.name}`;
      }
    }
    const echo = defineHandler("/echo", new Echo());
    expect(echo).toBeInstanceOf(Echo);
    expect(echo.path).toBe("/echo");
    expect(Object(echo).message()).toBe("text of Echo");
  });

  test.each<[path: unknown, handler: unknown, message: string]>([
    ["chat", {}, 'a resource is a path that begins with "/", not "chat"'],
    ["/:a/:a", {}, 'the resource "/:a/:a" has :a twice'],
    ["/chat", undefined, 'the handler for "/chat" must be an object, not undefined'],
    ["/chat", () => undefined, 'the handler for "/chat" must be an object, not a function'],
    ["/chat", { mesage() {} }, 'the handler for "/chat" has no option "mesage"; there are accepts, '],
    ["/chat", { open: 5 }, 'open of the handler for "/chat" must be a function, not the number 5'],
    [
      "/chat",
      { path: "/other" },
      'the handler for "/chat" was defined for "/other", and answers for no other path',
    ],
    [{ path: 5 }, undefined, "path of the handler must be a string, not the number 5"],
    [{ path: "x" }, undefined, 'a resource is a path that begins with "/", not "x"'],
  ])("%j, %j", (path, handler, message) => {
    const call = () => defineHandler(path as string, handler as Handler);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(message);
  });
});

describe("toHandler", () => {
  test("makes a handler of a session, and leaves a handler as it is", () => {
    const session = () => undefined;
    expect(toHandler("serve()", session)).toEqual({ session });
    const handler = { open() {} };
    expect(toHandler("serve()", handler)).toBe(handler);
    class Chat {
      readonly greeting = "hello";
    }
    expect(() => toHandler("serve()", new Chat())).toThrow('serve() has no option "greeting"');
    expect(() => toHandler("serve()", Chat)).toThrow(
      new TypeError("serve() is a class: give one of its instances, as new Chat()"),
    );
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    ["x", 'the string "x"'],
  ])("%o is neither", (given, words) => {
    expect(() => toHandler("serve()", given)).toThrow(
      new TypeError(
        `serve() must be a session (a function), a handler (an object with hooks) or a behaviour (one with init and handle), not ${words}`,
      ),
    );
  });
});
