// Resources: exact paths, patterns, what they match and what they may look like.
import { defineHandler, type Handler } from "hawser";
import { describe, expect, test } from "vitest";
import { resolveSettings } from "../../src/accept/settings.ts";
import { type Resources, ResourceTable } from "../../src/handlers/resources.ts";

const [a, b, c, d]: [Handler, Handler, Handler, Handler] = [{}, {}, {}, {}];
const settings = resolveSettings({});

function table(resources: Resources, fallback?: Handler) {
  const made = new ResourceTable(resources, settings);
  if (fallback !== undefined) made.addBeside("the handler of serve()", fallback);
  return made;
}

describe("exact paths", () => {
  test("match themselves, letter by letter", () => {
    const resources = table({ "/": a, "/echo": b, "/a.b+(c)": c });
    expect(resources.match("/")).toEqual({ handler: a, params: {}, settings });
    expect(resources.match("/echo")?.handler).toBe(b);
    expect(resources.match("/a.b+(c)")?.handler).toBe(c);
    for (const path of ["/echo/", "/Echo", "//echo", "/ech%6f", "/axb+(c)", "echo", "", "*"])
      expect(resources.match(path)).toBeUndefined();
  });

  test("of every name there is in JavaScript", () => {
    const resources = table({ "/__proto__": a, "/constructor": b });
    expect(resources.match("/__proto__")?.handler).toBe(a);
    expect(resources.match("/constructor")?.handler).toBe(b);
    expect(resources.match("/toString")).toBeUndefined();
  });

  test("go before patterns, whatever the order", () => {
    const resources = table({ "/:any": a, "/*": b, "/echo": c });
    expect(resources.match("/echo")).toEqual({ handler: c, params: {}, settings });
  });
});

describe("patterns", () => {
  test(":name matches one segment that is not empty", () => {
    const resources = table({ "/chat/:room": a, "/chat/:room/users/:id_2": b });
    expect(resources.match("/chat/blue")).toEqual({ handler: a, params: { room: "blue" }, settings });
    expect(resources.match("/chat/blue/users/7")).toEqual({
      handler: b,
      params: { room: "blue", id_2: "7" },
      settings,
    });
    for (const path of ["/chat/", "/chat", "/chat/a/b", "/chat/a/users/", "/chat//users/1", "/x/chat/a"])
      expect(resources.match(path)).toBeUndefined();
  });

  test("* matches all that follows, also nothing, also slashes", () => {
    const resources = table({ "/files/*": a, "/:user/files/*": b });
    expect(resources.match("/files/")).toEqual({ handler: a, params: { "*": "" }, settings });
    expect(resources.match("/files/x/y%2Fz/")).toEqual({ handler: a, params: { "*": "x/y/z/" }, settings });
    expect(resources.match("/ann/files/x")).toEqual({
      handler: b,
      params: { user: "ann", "*": "x" },
      settings,
    });
    expect(resources.match("/files")).toBeUndefined();
    expect(table({ "/*": c }).match("/")).toEqual({ handler: c, params: { "*": "" }, settings });
  });

  test("go in the order they are written", () => {
    expect(table({ "/:a": a, "/*": b }).match("/x")?.handler).toBe(a);
    expect(table({ "/*": b, "/:a": a }).match("/x")?.handler).toBe(b);
    expect(table({ "/x/:a": a, "/:b/y": b }).match("/x/y")?.params).toEqual({ a: "y" });
  });

  test("what is no letter stands for itself", () => {
    const resources = table({ "/v1.0/:x": a, "/(a|b)/:x": b, "/[^]$/:x": c });
    expect(resources.match("/v1.0/x")?.handler).toBe(a);
    expect(resources.match("/v1x0/x")).toBeUndefined();
    expect(resources.match("/(a|b)/x")?.handler).toBe(b);
    expect(resources.match("/a/x")).toBeUndefined();
    expect(resources.match("/[^]$/x")?.handler).toBe(c);
  });

  test("params are percent-decoded once, and may have any name", () => {
    const resources = table({ "/:room/:__proto__": a });
    const { params } = resources.match("/%E6%BC%A2%20%252F/p") ?? {};
    expect(params?.["room"]).toBe("漢 %2F");
    expect(Object.keys(params ?? {})).toEqual(["room", "__proto__"]);
  });

  test.each(["/chat/%", "/chat/%zz", "/chat/%E6%BC", "/chat/%FF"])(
    "%s is encoded wrongly, and matches only what does not look into it",
    (path) => {
      expect(table({ "/chat/:room": a }).match(path)).toBeUndefined();
      expect(table({ "/chat/:room": a }, d).match(path)).toEqual({ handler: d, params: {}, settings });
      expect(table({ "/chat/:room": a, [path]: b }).match(path)?.handler).toBe(b);
    },
  );
});

test("the fallback answers for the rest", () => {
  const resources = table({ "/echo": a }, d);
  expect(resources.match("/other")).toEqual({ handler: d, params: {}, settings });
  expect(resources.match("/echo")?.handler).toBe(a);
});

test("sessions and handlers are both welcome", async () => {
  const session = () => "ran";
  const { handler } = table({ "/s": session }).match("/s") ?? {};
  expect(handler).toEqual({ session });
  expect(table({ "/h": defineHandler({ accepts: "text" }) }).match("/h")?.handler).toEqual({
    accepts: "text",
  });
});

describe("what is wrong is said at construction", () => {
  test.each([
    ["echo", 'a resource is a path that begins with "/", not "echo"'],
    ["", 'a resource is a path that begins with "/", not ""'],
    ["*", 'a resource is a path that begins with "/", not "*"'],
    ["/a/:", '":" in the resource "/a/:" is no pattern; there are :name, and * at the end'],
    ["/a/:1", '":1" in the resource "/a/:1" is no pattern; there are :name, and * at the end'],
    ["/a/x:y", '"x:y" in the resource "/a/x:y" is no pattern; there are :name, and * at the end'],
    ["/a/:x.json", '":x.json" in the resource "/a/:x.json" is no pattern; there are :name, and * at the end'],
    ["/*/a", '"*" in the resource "/*/a" is no pattern; there are :name, and * at the end'],
    ["/a*", '"a*" in the resource "/a*" is no pattern; there are :name, and * at the end'],
    ["/:x/:x", 'the resource "/:x/:x" has :x twice'],
    ["/漢", 'no path of a request has "漢", as the resource "/漢" does; there it is %E6%BC%A2'],
    ["/😀/:x", 'no path of a request has "😀", as the resource "/😀/:x" does; there it is %F0%9F%98%80'],
    ["/a b", 'no path of a request has " ", as the resource "/a b" does; there it is %20'],
    ["/a?b=1", 'no path of a request has "?", as the resource "/a?b=1" does; there it is %3F'],
    ["/a#b", 'no path of a request has "#", as the resource "/a#b" does; there it is %23'],
  ])("%s", (path, message) => {
    expect(() => table({ [path]: a })).toThrow(new TypeError(message));
  });

  test("half a character", () => {
    expect(() => table({ "/\uD800": a })).toThrow(TypeError);
  });

  test("a value that is no handler", () => {
    const wrong = { "/x": 5 as unknown as Handler };
    expect(() => table(wrong)).toThrow(
      new TypeError(
        'the resource "/x" must be a session (a function), a handler (an object with hooks) or a behaviour (one with init and handle), not the number 5',
      ),
    );
    expect(() => table({ "/x": { mesage() {} } as Handler })).toThrow(
      'the resource "/x" has no option "mesage"; there are accepts, subprotocols, limits, timeouts, coupled, compression, origins, versions, ambiguous, path, upgrade, session, open, message, close',
    );
  });
});

test("a pattern that could never answer is refused", () => {
  expect(() => table({ "/:a": () => undefined, "/:b": () => undefined })).toThrow(
    'the resource "/:b" matches just what one before it matches',
  );
});

describe("handlers with a path of their own", () => {
  const chat = defineHandler("/chat/:room", {});
  const echo = defineHandler("/echo", {});

  test("stand in a list, in its order", () => {
    const resources = table([chat, echo, { path: "/:any" }, { path: "/:a/:b" }]);
    expect(resources.match("/chat/blue")).toEqual({ handler: chat, params: { room: "blue" }, settings });
    expect(resources.match("/echo")?.handler).toBe(echo);
    expect(resources.match("/x")?.handler.path).toBe("/:any");
    expect(resources.match("/x/y")?.params).toEqual({ a: "x", b: "y" });
    expect(resources.match("/x/y/z")).toBeUndefined();
    expect(table([]).match("/")).toBeUndefined();
  });

  test("stand in a map under that path, and no other", () => {
    expect(table({ "/chat/:room": chat }).match("/chat/a")?.handler).toBe(chat);
    expect(() => table({ "/rooms/:room": chat })).toThrow(
      new TypeError(
        'the resource "/rooms/:room" was defined for "/chat/:room", and answers for no other path',
      ),
    );
  });

  test("stand behind the resources where they are beside the options", () => {
    const resources = table({ "/chat/blue": a, "/:x/red": b }, chat);
    expect(resources.match("/chat/blue")?.handler).toBe(a);
    expect(resources.match("/chat/red")?.handler).toBe(b);
    expect(resources.match("/chat/green")?.handler).toBe(chat);
    expect(resources.match("/chat")).toBeUndefined();
  });

  test.each<[what: string, make: () => unknown, message: string]>([
    ["twice in a list", () => table([echo, echo]), 'the resource "/echo" matches just what one before it'],
    [
      "in the map and beside",
      () => table({ "/echo": a }, echo),
      'the resource "/echo" matches just what one before it',
    ],
    [
      "under another name beside",
      () => table({ "/chat/:name": a }, chat),
      'the resource "/chat/:room" matches just what one before it',
    ],
    [
      "a handler without one in a list",
      () => table([echo, {}] as never),
      'resources[1] must have a path of its own, as defineHandler("/path", …) gives it one, and not an object',
    ],
    ["a session in a list", () => table([() => undefined] as never), "and not a function"],
    ["a path that is none in a list", () => table([{ path: 5 }] as never), "and not the number 5"],
    ["null in a list", () => table([null] as never), "and not null"],
    [
      "a wrong one in a list",
      () => table([{ path: "/a", open: 5 }] as never),
      'open of the resource "/a" must be',
    ],
  ])("%s", (_what, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
