// The part of the options that connections share: the same object only where all of it is the same.
import { expect, test } from "vitest";
import { hybi05 } from "../../../src/wire/legacy/hybi-05.ts";
import { defaultLimits, defaultTimeouts } from "../../../src/wire/limits.ts";
import { rfc6455 } from "../../../src/wire/rfc6455/framing.ts";
import { settingsOf, type WireOptions } from "../../../src/wire/rfc6455/settings.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const key = () => 1;
const base: WireOptions = {
  role: "client",
  sink: new RecordingSink(),
  now: 0,
  maskKey: key,
  accepts: "text",
  limits: defaultLimits,
  timeouts: defaultTimeouts,
};

test("connections with the same options have one object", () => {
  expect(settingsOf({ ...base, sink: new RecordingSink(), now: 5, jitter: 1 })).toBe(settingsOf(base));
});

test.each<Partial<WireOptions>>([
  { role: "server" },
  { maskKey: () => 1 },
  { accepts: "binary" },
  { accepts: undefined },
  { limits: { ...defaultLimits } },
  { timeouts: { ...defaultTimeouts } },
  { framing: hybi05 },
])("what differs is seen: %o", (change) => {
  settingsOf(base);
  const { role, maskKey, accepts, limits, timeouts, framing = rfc6455 } = { ...base, ...change };
  const settings = settingsOf({ ...base, ...change });
  const expected = {
    role,
    maskKey: role === "client" ? maskKey : undefined,
    accepts,
    limits,
    timeouts,
    framing,
  };
  // Each the very same object, not only one like it.
  for (const [name, value] of Object.entries(expected)) expect(Reflect.get(settings, name)).toBe(value);
  // And the other way round.
  expect(settingsOf(base).accepts).toBe("text");
});
