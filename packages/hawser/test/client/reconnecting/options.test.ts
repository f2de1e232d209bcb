// Options: what is wrong is said at the call, what is right reaches every attempt.
import { describe, expect, expectTypeOf, test } from "vitest";
import type { ReconnectingOptions } from "../../../src/client/reconnecting/options.ts";
import { reconnecting } from "../../../src/client/reconnecting/reconnecting.ts";
import type { ReconnectingConnection } from "../../../src/client/reconnecting/reconnecting-connection.ts";
import type { Connection } from "../../../src/connection/connection.ts";
import { turns } from "../../connection/support.ts";
import { Network, url } from "./support.ts";

const wrong: [string, unknown, new () => Error, string | RegExp][] = [
  ["a misspelt name", { backof: {} }, TypeError, 'reconnecting() has no option "backof"'],
  ["no object", 5, TypeError, "the options of reconnecting() must be an object, not the number 5"],
  ["backoff", { backoff: 5 }, TypeError, "the options of backoff must be an object"],
  ["backoff, misspelt", { backoff: { min: 1 } }, TypeError, 'backoff has no option "min"'],
  [
    "backoff.initial",
    { backoff: { initial: 0 } },
    RangeError,
    "backoff.initial must be a finite number above 0, not 0",
  ],
  [
    "backoff.initial, text",
    { backoff: { initial: "1" } },
    TypeError,
    'backoff.initial must be a number, not the string "1"',
  ],
  [
    "backoff.max",
    { backoff: { max: Number.POSITIVE_INFINITY } },
    RangeError,
    "backoff.max must be a finite number",
  ],
  [
    "backoff.max below initial",
    { backoff: { initial: 50, max: 20 } },
    RangeError,
    "backoff.max must be at least backoff.initial, 50, not 20",
  ],
  ["backoff.factor", { backoff: { factor: 0.5 } }, RangeError, "backoff.factor must be at least 1, not 0.5"],
  ["backoff.factor, NaN", { backoff: { factor: Number.NaN } }, RangeError, "not NaN"],
  ["queue", { queue: null }, TypeError, "the options of queue must be an object, not null"],
  ["queue.messages", { queue: { messages: -1 } }, RangeError, "queue.messages must be a whole number from 0"],
  ["queue.bytes", { queue: { bytes: 1.5 } }, RangeError, "queue.bytes must be a whole number from 1"],
  ["queue.expiry", { queue: { expiry: 0 } }, RangeError, "queue.expiry must be a whole number from 1"],
  [
    "attempts",
    { attempts: 0 },
    RangeError,
    "attempts must be a whole number from 1, or Infinity for no limit, not 0",
  ],
  ["attempts, text", { attempts: "3" }, TypeError, "attempts must be a number"],
  ["retry", { retry: true }, TypeError, "retry must be a function, not the boolean true"],
  ["onOpen", { onOpen: {} }, TypeError, "onOpen must be a function, not an object"],
  ["signal", { signal: {} }, TypeError, "signal must be an AbortSignal"],
  ["an option of connect", { limits: { message: 0 } }, RangeError, "limits.message"],
  ["another", { accepts: "json" }, TypeError, "accepts must be one of text, binary"],
  ["headers", { headers: 5 }, TypeError, "headers must be an object or pairs"],
  ["headers that may not be sent", { headers: { "bad name": "x" } }, TypeError, /bad name/],
  ["subprotocols", { subprotocols: ["a b"] }, TypeError, "a subprotocol must be a token"],
  ["clock", { clock: {} }, TypeError, "clock must be a Clock"],
];

describe("throws at the call for", () => {
  test.each(wrong)("%s", (_, options, kind, message) => {
    const call = () => reconnecting(url, options as ReconnectingOptions);
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });

  test.each([["http://a/"], ["not a url"], [5], [undefined]])("the url %s", (to) => {
    expect(() => reconnecting(to as string)).toThrow(TypeError);
  });
});

test("infinite bounds, and a first delay above the usual most, are right", async () => {
  const off = Number.POSITIVE_INFINITY;
  const net = new Network();
  const client = net.reconnecting({
    backoff: { initial: 60_000 },
    queue: { messages: off, bytes: off, expiry: off },
    attempts: off,
  });
  (await net.next()).refuse(500);
  await turns();
  expect(client.state).toMatchObject({ phase: "waiting", delay: 30_000 });
});

test("what connect takes reaches it, and what is ours does not", async () => {
  const net = new Network();
  const headers = { "x-room": "a" };
  const limits = { message: 5 };
  net.reconnecting({
    headers,
    limits,
    state: 7,
    coupled: true,
    attempts: 3,
    retry: () => undefined,
    queue: {},
  });
  const { options } = await net.next();
  expect(options).toEqual({
    headers,
    limits,
    timeouts: { keepalive: Number.POSITIVE_INFINITY },
    state: 7,
    coupled: true,
    clock: net.clock,
    signal: expect.any(AbortSignal),
  });
});

test("types follow from accepts and state", () => {
  const net = new Network();
  const client = net.reconnecting({
    accepts: "text",
    state: { user: "ada" },
    onOpen(ws) {
      expectTypeOf(ws).toEqualTypeOf<Connection<string, { user: string }>>();
    },
  });
  expectTypeOf(client.receive()).resolves.toEqualTypeOf<string | undefined>();
  expectTypeOf(client.connection).toEqualTypeOf<Connection<string, { user: string }> | undefined>();
  expectTypeOf(net.reconnecting().receive()).resolves.toEqualTypeOf<string | Uint8Array | undefined>();
  expectTypeOf(net.reconnecting().connection).toEqualTypeOf<
    Connection<string | Uint8Array, undefined> | undefined
  >();
  // A function that takes any client takes this one.
  const phaseOf = (any: ReconnectingConnection) => any.state.phase;
  expect(phaseOf(client)).toBe("connecting");
});
