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

  test("another place is another cause, and so is another text without a stack", () => {
    reportFault(new Error("here"), undefined, undefined);
    reportFault(new Error("there"), undefined, undefined);
    reportFault("just text", undefined, undefined);
    reportFault("just text", undefined, undefined);
    reportFault("other text", undefined, undefined);
    expect(written).toHaveLength(4);
    expect(written[2]).toBe("hawser: a handler threw: 'just text'\n");
  });

  test("the causes of an error are shown", () => {
    reportFault(new Error("outer", { cause: new Error("inner") }), undefined, undefined);
    expect(written[0]).toContain("inner");
  });

  test.each([
    ["undefined", undefined],
    ["a symbol", Symbol("s")],
    ["an object without a prototype", Object.create(null)],
    ["an error whose stack is a number", Object.assign(new Error("odd"), { stack: 5 })],
    [
      "an object that cannot be shown",
      {
        [Symbol.for("nodejs.util.inspect.custom")]() {
          throw new Error("no");
        },
      },
    ],
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
