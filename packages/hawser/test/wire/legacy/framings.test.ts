// The list of wire versions: each has its framing, and each framing says what it can carry.
import { allVersions, createWire, framingOf, OutputBuffer, type WireVersion } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { RecordingSink } from "../../support/recording-sink.ts";
import { frameKey, framingFor, sessionOf } from "./support.ts";

const none = { binary: false, fragments: false, ping: false, closeCode: false, compression: false };
const allButCodes = { binary: true, fragments: true, ping: true, closeCode: false, compression: false };
const all = { ...allButCodes, closeCode: true };

const rows: readonly (readonly [WireVersion, object])[] = [
  ["rfc6455", all],
  ["hybi-08", all],
  ["hybi-07", all],
  ["hybi-06", all],
  ["hybi-05", allButCodes],
  ["hybi-04", allButCodes],
  ["hybi-03", allButCodes],
  ["hybi-02", allButCodes],
  ["hybi-01", allButCodes],
  ["whatwg-2010-08", none],
  ["hixie-76", none],
  ["hixie-75", none],
];

test("allVersions is all of them, the newest first, and cannot be changed", () => {
  expect(allVersions).toEqual(rows.map(([version]) => version));
  expect(Object.isFrozen(allVersions)).toBe(true);
});

describe.each(rows)("%s", (version, can) => {
  test("can carry what its document has", () => {
    const framing = framingFor(version);
    expect(framing.can).toEqual(can);
    expect(Object.isFrozen(framing.can)).toBe(true);
    expect(framing.version).toBe(version === "hybi-03" ? "hybi-02" : version);
    expect(framing.endsWithTransport).toBe(version === "hixie-75");
  });

  test("is what the machine says of itself", () => {
    const { wire } = sessionOf(version, "client");
    expect([wire.version, wire.can]).toEqual([version === "hybi-03" ? "hybi-02" : version, can]);
    expect(wire.sharing).toBeUndefined();
    expect(sessionOf(version, "server").wire.sharing).toBe(wire.version);
  });

  test("a message encoded by one server goes out over another", () => {
    const [one, other] = [sessionOf(version, "server"), sessionOf(version, "server")];
    other.wire.sendEncoded(one.wire.encode("Hello"));
    const reader = sessionOf(version, "client").receive(other.sink.take());
    expect(reader.messages).toEqual(["Hello"]);
  });

  test("a client encodes for itself, and masks", () => {
    const client = sessionOf(version, "client");
    client.wire.sendEncoded(client.wire.encode("Hello"));
    const reader = sessionOf(version, "server").receive(client.sink.take());
    expect(reader.messages).toEqual(["Hello"]);
  });
});

test("hybi-04 needs the keys of its handshake", () => {
  expect(() => framingOf("hybi-04")).toThrow(TypeError);
  expect(framingOf("hybi-04", frameKey).version).toBe("hybi-04");
});

describe("without pings", () => {
  const hour = 60 * 60 * 1000;
  const sessions = (timeouts: object) => sessionOf("hixie-76", "server", { timeouts });

  test("an hour without a message stands for one that was not answered", () => {
    const session = sessions({}).advance(hour - 1);
    expect([session.wire.phase, new OutputBuffer().take().length]).toEqual(["open", 0]);
    session.advance(1);
    expect(session.end().sink.of("closed")[0]?.end).toMatchObject({ cause: "timeout", code: 1008 });
  });

  test("timeouts.idle holds where it is set, and nothing where both are off", () => {
    const off = Number.POSITIVE_INFINITY;
    expect(sessions({ idle: 500 }).advance(500).wire.phase).toBe("closing");
    expect(sessions({ idle: 2 * hour }).advance(2 * hour - 1).wire.phase).toBe("open");
    expect(sessions({ keepalive: off }).wire.deadline).toBeUndefined();
    expect(sessions({ keepalive: off, idle: 500 }).advance(500).wire.phase).toBe("closing");
  });

  test("one set of timeouts serves versions with and without", () => {
    const timeouts = { keepalive: 1000, pong: 300, close: 1, message: 1e9, idle: Number.POSITIVE_INFINITY };
    const deadlines = (["hixie-76", "hybi-08", "hixie-76"] as const).map((version) => {
      const options = { role: "server", now: 0, jitter: 1, timeouts, framing: framingFor(version) } as const;
      return createWire({ ...options, sink: new RecordingSink() }).deadline;
    });
    expect(deadlines).toEqual([hour, 1000, hour]);
  });
});
