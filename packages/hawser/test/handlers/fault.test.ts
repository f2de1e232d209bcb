// Where faults go: onError, or stderr once a cause; and nothing that is thrown makes it worse.
import { defineHandler, run } from "hawser";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ErrorHook } from "../../src/handlers/fault.ts";
import { reportFault } from "../../src/handlers/fault.ts";
import { pairOf, turns } from "../connection/support.ts";

let written: string[];
beforeEach(() => {
  written = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const nameless: unknown = Object.assign(Object.create(null), {
  [Symbol.for("nodejs.util.inspect.custom")]() {
    throw new Error("no");
  },
});

function broken(): Error {
  return new Error(`broken at ${written.length}`);
}

describe("without onError", () => {
  test("a fault is written to stderr with its stack, once a cause", async () => {
    for (let round = 0; round < 3; round += 1) {
      const { server, client } = pairOf();
      const done = run(
        server,
        defineHandler({
          message() {
            throw broken();
          },
        }),
      );
      client.send("x");
      expect((await done).code).toBe(1011);
    }
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/^hawser: a handler threw: Error: broken at 0\n {4}at broken /);
  });

  test("another place is another cause; what has no stack counts by its type", () => {
    reportFault(new Error("here"), undefined, undefined);
    reportFault(new Error("there"), undefined, undefined);
    reportFault("just text", undefined, undefined);
    reportFault("other text", undefined, undefined);
    reportFault(5n, undefined, undefined);
    expect(written).toHaveLength(4);
    expect(written[2]).toBe("hawser: a handler threw: 'just text'\n");
  });

  test("what a peer has a hand in makes no cause of its own, and moves no cursor", () => {
    for (const said of ["\u001b[2Ja", "\n    at b (c:1:1)", "d"]) {
      reportFault(new Error(`bad message: ${said}`), undefined, undefined);
    }
    expect(written).toHaveLength(1);
    expect(written[0]).toContain("bad message: \\u{1b}[2Ja");
  });

  test("the causes of an error are shown", () => {
    reportFault(new Error("outer", { cause: new Error("inner") }), undefined, undefined);
    expect(written[0]).toContain("inner");
  });

  const thrower = () => {
    throw new Error("no");
  };

  test.each([
    ["undefined", undefined],
    ["a symbol", Symbol("s")],
    ["a function", thrower],
    ["an object without a prototype, that cannot be shown", nameless],
    ["an error whose stack is a number", Object.assign(new Error("odd"), { stack: 5 })],
  ])("%s can be thrown", async (_, thrown: unknown) => {
    const { server } = pairOf();
    const report = await run(server, () => Promise.reject(thrown));
    expect(report).toMatchObject({ code: 1011, cause: "fault" });
    expect(written).toHaveLength(1);
  });
});

describe("with onError", () => {
  test("it hears of each fault, and stderr does not", () => {
    const heard: unknown[] = [];
    const onError: ErrorHook = (error, connection) => void heard.push([error, connection]);
    reportFault("a", undefined, onError);
    reportFault("a", undefined, onError);
    expect(heard).toEqual([
      ["a", undefined],
      ["a", undefined],
    ]);
    expect(written).toEqual([]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("second");
      },
    ],
    ["rejects", () => Promise.reject(new Error("third"))],
  ])("that %s itself is written to stderr", async (_, onError) => {
    const { server } = pairOf();
    const report = await run(server, () => Promise.reject(new Error("first")), { onError });
    await turns(2);
    expect(report.code).toBe(1011);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/^hawser: onError threw: Error: (second|third)\n/);
  });
});

test("a proxy that answers every question by throwing is a fault like any other", async () => {
  const refuse = () => {
    throw new Error("trap");
  };
  const trap: unknown = new Proxy({}, { getPrototypeOf: refuse, get: refuse, has: refuse });
  const { server, client } = pairOf();
  const done = run(server, { message: () => Promise.reject(trap) }, { onError: () => undefined });
  client.send("x");
  expect(await done).toMatchObject({ code: 1011, cause: "fault" });
});
