// Hostile bytes in the framings before RFC 6455: each ends that one connection, with its report, and no other hears of it.
import { Buffer } from "node:buffer";
import { type AnyConnection, allVersions, type CloseReport, run } from "hawser";
import { LimitError, ProtocolError, type Role, type WireVersion } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { versionEndpoint } from "../conformance/version-endpoint.ts";
import { pairOf, turns } from "../connection/support.ts";
import { bytes } from "../support/bytes.ts";
import { Random } from "../support/random.ts";
import { inChunks } from "../support/splits.ts";
import { endOf, fromClient, roles, sessionOf, toRole } from "../wire/legacy/support.ts";

/** What a hostile peer sends, and what becomes of it. */
interface Row {
  readonly what: string;
  readonly versions: readonly WireVersion[];
  /** In which role the endpoint hears it. Default: both. */
  readonly role?: Role;
  readonly input: (version: WireVersion, role: Role) => Buffer;
  readonly report: Partial<CloseReport>;
}

const hixie = ["hixie-75", "hixie-76"] as const;
const whatwg = ["whatwg-2010-08"] as const;
const more = ["hybi-01", "hybi-02", "hybi-03"] as const;
const whole = ["hybi-04", "hybi-05", "hybi-06"] as const;
const late = ["hybi-07", "hybi-08"] as const;
const drafts = [...more, ...whole, ...late] as const;

const limits = { message: 200 };
const tooLarge = { code: 1009, cause: "limit", limit: "limits.message" } as const;
const broken = (violation: string) =>
  ({ code: 1002, cause: "protocol", error: expect.objectContaining({ violation }) }) as const;

/** The first byte of a frame that is a message by itself, and of its first fragment. */
function firstBytes(version: WireVersion, kind: "text" | "binary") {
  const opcode = { text: 4, binary: 5 }[kind] - (version >= "hybi-07" ? 3 : 0);
  return version < "hybi-04"
    ? { alone: opcode, begun: 0x80 | opcode }
    : { alone: 0x80 | opcode, begun: opcode };
}

/** A frame that announces so many bytes, and has some. */
const announced = (length: Buffer) => (version: WireVersion, role: Role) =>
  toRole(role, version, bytes`${firstBytes(version, "binary").alone} 7f ${length} ${"some of it"}`);

const to32 = bytes`00 00 00 01 00 00 00 00`;
const to53 = bytes`00 20 00 00 00 00 00 00`;
const to63 = bytes`80 00 00 00 00 00 00 00`;
const rows: readonly Row[] = [
  {
    what: "a length whose digits are all 0 and never end",
    versions: hixie,
    input: () => Buffer.alloc(300, 0x80),
    report: broken("length-endless"),
  },
  {
    what: "a length of ten times seven bits (1,180,591,620,717,411,303,296)",
    versions: hixie,
    input: () => bytes`ff ff ff ff ff ff ff ff ff ff 00`,
    report: tooLarge,
  },
  {
    what: "a skipped frame of 2^32 bytes",
    versions: hixie,
    input: () => bytes`80 90 80 80 80 00`,
    report: tooLarge,
  },
  {
    what: "a skipped frame of 2^53 bytes",
    versions: hixie,
    input: () => bytes`80 90 80 80 80 80 80 80 00`,
    report: tooLarge,
  },
  {
    what: "a skipped frame of 2^63 bytes",
    versions: hixie,
    input: () => bytes`80 81 80 80 80 80 80 80 80 80 00`,
    report: tooLarge,
  },
  {
    what: "a frame of an unknown type that never ends",
    versions: hixie,
    input: () => bytes`01 ${Buffer.alloc(300, 0x80)}`,
    report: tooLarge,
  },
  { what: "a text that never ends", versions: hixie, input: () => Buffer.alloc(300, 0), report: tooLarge },
  ...[to32, to53, to63, Buffer.alloc(8, 0xff)].flatMap((length): Row[] =>
    [0xff, 0x80, 0x01, 0x00].map((type) => ({
      what: `a frame of type ${type} that announces ${length.readBigUInt64BE()} bytes`,
      versions: whatwg,
      input: () => bytes`${type}${length}${"some of it"}`,
      report: tooLarge,
    })),
  ),
  { what: "a frame of 2^32 bytes", versions: drafts, input: announced(to32), report: tooLarge },
  { what: "a frame of 2^53 bytes", versions: drafts, input: announced(to53), report: tooLarge },
  {
    what: "a frame of 2^63 bytes",
    versions: drafts,
    input: announced(to63),
    report: broken("length-top-bit"),
  },
  {
    what: "fragments that are empty and never end",
    versions: drafts,
    input: (version, role) => {
      const begun = toRole(role, version, bytes`${firstBytes(version, "text").begun} 00`);
      const next = toRole(role, version, bytes`${version < "hybi-04" ? 0x80 : 0x00} 00`);
      return Buffer.concat([begun, ...Array<Buffer>(300).fill(next)]);
    },
    report: tooLarge,
  },
  {
    what: "fragments of one byte that never end",
    versions: drafts,
    input: (version, role) => {
      const begun = toRole(role, version, bytes`${firstBytes(version, "binary").begun} 01 61`);
      const next = toRole(role, version, bytes`${version < "hybi-04" ? 0x80 : 0x00} 01 61`);
      return Buffer.concat([begun, ...Array<Buffer>(300).fill(next)]);
    },
    report: tooLarge,
  },
  {
    what: "a frame that is not masked",
    versions: whole,
    role: "server",
    input: (version) => bytes`${firstBytes(version, "text").alone} 05 ${"Hello"}`,
    report: { code: 1002, cause: "protocol" },
  },
  {
    what: "a frame that is not masked",
    versions: late,
    role: "server",
    input: (version) => bytes`${firstBytes(version, "text").alone} 05 ${"Hello"}`,
    report: broken("not-masked"),
  },
  {
    what: "a frame that is masked for another version",
    versions: ["hybi-04"],
    role: "server",
    input: () => fromClient("hybi-05", bytes`84 05 ${"Hello"}`),
    report: { code: 1002, cause: "protocol" },
  },
  {
    what: "a frame that is masked for another version",
    versions: ["hybi-05", "hybi-06"],
    role: "server",
    input: () => fromClient("hybi-07", bytes`81 05 ${"Hello"}`),
    report: { code: 1002, cause: "protocol" },
  },
  {
    what: "a frame that is masked for another version",
    versions: late,
    role: "server",
    input: () => fromClient("hybi-06", bytes`84 05 ${"Hello"}`),
    report: { code: 1002, cause: "protocol" },
  },
  {
    what: "a frame that is masked",
    versions: [...whole, ...late],
    role: "client",
    input: (version) => fromClient(version, bytes`${firstBytes(version, "text").alone} 05 ${"Hello"}`),
    report: { code: 1002, cause: "protocol" },
  },
  {
    what: "a masked frame to a server that knows no masks",
    versions: more,
    role: "server",
    input: () => fromClient("hybi-05", bytes`84 05 ${"Hello"}`),
    report: broken("reserved-bits"),
  },
];

const cases = rows.flatMap((row) =>
  row.versions.flatMap((version) =>
    roles
      .filter((role) => row.role === undefined || row.role === role)
      .map((role) => ({ ...row, version, role })),
  ),
);

/** Another connection of the same version: what it is sent comes back. */
function witnessOf(version: WireVersion): () => Promise<void> {
  const { server, client } = pairOf({ version });
  void run(server, async (ws) => {
    for await (const message of ws) ws.send(message);
  });
  return async () => {
    client.send("still here");
    expect(await client.receive()).toBe("still here");
  };
}

describe.each(cases)("$what, to a $role of $version", ({ version, role, input, report }) => {
  test.each([
    ["in one piece", undefined],
    ["byte by byte", 1],
  ] as const)("%s", async (_cut, split) => {
    const witness = witnessOf(version);
    await witness();
    const { ws, peer, clock } = versionEndpoint(version, role, { limits, split });
    const sent = input(version, role);
    await peer.send(sent);
    if (split === 1) await turns(sent.length);
    expect(ws.phase).toBe("closing");
    await witness();
    // It goes on as if nothing had happened, and never ends.
    await peer.send(Buffer.alloc(100, 0x81));
    clock.advance(5000);
    expect(await ws.receive()).toBeUndefined();
    expect(await ws.closed).toMatchObject({ clean: false, initiator: "local", phase: "open", ...report });
    await witness();
  });
});

/** An empty text message, as short as it can be. */
function emptyText(version: WireVersion, role: Role): Buffer {
  if (version === "whatwg-2010-08") return bytes`ff 00 00 00 00 00 00 00 00`;
  if (version === "hixie-75" || version === "hixie-76") return bytes`00 ff`;
  return toRole(role, version, bytes`${firstBytes(version, "text").alone} 00`);
}

const old = allVersions.filter((version) => version !== "rfc6455");

describe.each(old)("a flood of empty messages in %s", (version) => {
  test("fills the inbox to its limit and no further, and every one of them can be taken", async () => {
    const witness = witnessOf(version);
    const { ws, peer, back } = versionEndpoint(version, "server", { limits: { inbox: 64_000 } });
    const message = emptyText(version, "server");
    const count = 100_000;
    await peer.send(...inChunks(Buffer.alloc(count * message.length, message), 16_384));
    // 64 are charged for each; what came with the last chunk waits unread.
    const read = back.delivered;
    expect(read).toBeLessThan(3 * 65_536);
    await witness();
    await turns(50);
    expect(back.delivered).toBe(read);
    for (let taken = 0; taken < count; taken += 1)
      if ((await ws.receive()) !== "") expect.fail(`lost at ${taken}`);
    await witness();
    expect(ws.phase).toBe("open");
  });

  test("leaves turns of the loop to others, however fast they are taken", async () => {
    const witness = witnessOf(version);
    const { ws, peer } = versionEndpoint(version, "server");
    let taken = 0;
    void run(ws, {
      message: () => {
        taken += 1;
      },
    });
    const message = emptyText(version, "server");
    const count = 20_000;
    await turns(2);
    for (const chunk of inChunks(Buffer.alloc(count * message.length, message), 65_536))
      peer.transport.write(chunk);
    let most = 0;
    while (taken < count && ws.phase === "open") {
      const before = taken;
      await turns(1);
      most = Math.max(most, taken - before);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(2048);
    await witness();
  });

  test("is over limits.rate like any other", async () => {
    const { ws, peer, clock } = versionEndpoint(version, "server", { limits: { rate: 10 } });
    await peer.send(Buffer.concat(Array<Buffer>(100).fill(emptyText(version, "server"))));
    clock.advance(5000);
    expect(await ws.closed).toMatchObject({ code: 1008, cause: "limit", limit: "limits.rate" });
  });
});

test.each(hixie)("a flood of frames that %s skips is skipped, and nothing is kept of it", async (version) => {
  const witness = witnessOf(version);
  const { ws, peer } = versionEndpoint(version, "server");
  const flood = [bytes`80 00`, bytes`01 ff`, bytes`81 80 00`, bytes`80 03 ff 00 ff`];
  for (const frame of flood)
    await peer.send(...inChunks(Buffer.alloc(200_000 * frame.length, frame), 65_536));
  await witness();
  await peer.send(bytes`00 6f 6b ff`);
  await turns(200);
  expect(await ws.receive()).toBe("ok");
});

test.each(old)("a message of %s that trickles in is over timeouts.message", async (version) => {
  const { ws, peer, clock } = versionEndpoint(version, "server", { timeouts: { message: 10_000 } });
  const texts: Partial<Record<WireVersion, Buffer>> = {
    "hixie-75": bytes`00 ${"x".repeat(100)}`,
    "hixie-76": bytes`00 ${"x".repeat(100)}`,
    "whatwg-2010-08": bytes`ff 00 00 00 00 00 00 00 ff ${"x".repeat(100)}`,
  };
  const draft = () =>
    toRole("server", version, bytes`${firstBytes(version, "text").alone} 7d ${"x".repeat(125)}`);
  const trickle = texts[version] ?? draft();
  for (let second = 0; second < 10; second += 1) {
    expect(ws.phase).toBe("open");
    await peer.send(trickle.subarray(second, second + 1));
    clock.advance(1000);
  }
  clock.advance(5000);
  expect(await ws.closed).toMatchObject({ code: 1008, cause: "timeout", limit: "timeouts.message" });
});

test.each(old.flatMap((version) => roles.map((role) => ({ version, role }))))(
  "random bytes to a $role of $version are messages, or end it with what the library has a word for",
  ({ version, role }) => {
    const random = new Random(allVersions.indexOf(version));
    const firsts = [0x00, 0xff, 0x80, 0x01, 0x04, 0x84, 0x05, 0x81, 0x82, 0x88, 0x83];
    const causes = new Set<string>();
    for (let round = 0; round < 200; round += 1) {
      const input = Buffer.from(random.bytes(1 + random.below(60)));
      if (random.oneIn(2)) input[0] = random.pick(firsts);
      if (random.oneIn(2)) input[1] = random.below(20);
      const ends = [input.length, 1 + random.below(20), 1].map((size) => {
        const session = sessionOf(version, role, { limits: { message: 30 } });
        session.receive(...inChunks(input, size)).end();
        return { end: endOf(session), messages: session.messages };
      });
      expect(ends[1]).toEqual(ends[0]);
      expect(ends[2]).toEqual(ends[0]);
      const { error, cause } = ends[0]?.end ?? {};
      if (error !== undefined)
        expect(error instanceof ProtocolError || error instanceof LimitError).toBe(true);
      else expect(["lost", "close"]).toContain(cause);
      if (cause !== undefined) causes.add(cause);
    }
    expect(causes.size).toBeGreaterThan(1);
  },
);

test("what one connection is sent is nobody else's: a hundred end, each by its own fault", async () => {
  const witnesses = old.map(witnessOf);
  const ended: AnyConnection[] = [];
  for (const { version, role, input } of cases) {
    const { ws, peer, clock } = versionEndpoint(version, role, { limits });
    await peer.send(input(version, role));
    clock.advance(5000);
    ended.push(ws);
  }
  expect(ended.length).toBeGreaterThan(100);
  for (const ws of ended) expect((await ws.closed).clean).toBe(false);
  for (const witness of witnesses) await witness();
});
