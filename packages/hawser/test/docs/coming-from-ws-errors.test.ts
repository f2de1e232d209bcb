// The error codes in "Coming from ws": the same bytes get the same close code from both, and the names that the page has.
import { Buffer } from "node:buffer";
import { connect, type LimitError, type ProtocolError, serve } from "hawser";
import { violations } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { buildFrame, KEY, masked, plain } from "../support/frames.ts";
import { RawClient } from "../support/raw-client.ts";
import { urlOf } from "./coming-from-ws-support.ts";
import { page } from "./support.ts";

const port = 0;
const small = 1000;

/** What a client sends, what `ws` calls it, and what Hawser does: a violation or a limit. */
const rows: readonly (readonly [what: string, bytes: Buffer, code: string, ours: string])[] = [
  ["RSV2", masked.text("", { rsv: 0x20 }), "WS_ERR_UNEXPECTED_RSV_2_3", "reserved-bits"],
  ["RSV1", masked.text("", { rsv: 0x40 }), "WS_ERR_UNEXPECTED_RSV_1", "reserved-bits"],
  ["opcode 3", buildFrame({ opcode: 3, mask: KEY }), "WS_ERR_INVALID_OPCODE", "reserved-opcode"],
  ["a continuation of nothing", masked.last("a"), "WS_ERR_INVALID_OPCODE", "unexpected-continuation"],
  [
    "a message within another",
    Buffer.concat([masked.text("a", { fin: false }), masked.text("b")]),
    "WS_ERR_INVALID_OPCODE",
    "expected-continuation",
  ],
  ["a ping in fragments", masked.ping("a", { fin: false }), "WS_ERR_EXPECTED_FIN", "control-fragmented"],
  [
    "a ping of 126 bytes",
    masked.ping("x".repeat(126)),
    "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
    "control-too-long",
  ],
  [
    "a Close of one byte",
    buildFrame({ opcode: 8, payload: "x", mask: KEY }),
    "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
    "close-truncated",
  ],
  ["no mask", plain.text("a"), "WS_ERR_EXPECTED_MASK", "not-masked"],
  ["a Close with 1005", masked.close(1005), "WS_ERR_INVALID_CLOSE_CODE", "close-code"],
  ["text that is no UTF-8", masked.text(Buffer.from([0xff])), "WS_ERR_INVALID_UTF8", "invalid-utf8"],
  [
    "a length of 2^53",
    masked.text("", { form: 64, length: 2n ** 53n }),
    "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
    "limits.message",
  ],
  [
    "a message over the limit",
    masked.text("x".repeat(small + 1)),
    "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
    "limits.message",
  ],
];

/** The Close that a server sends to these bytes. */
async function closeFor(url: string, bytes: Buffer): Promise<number | undefined> {
  const client = await RawClient.open(Number(new URL(url).port));
  await client.send(bytes);
  const frames = await client.framesToEnd();
  await client.hangUp();
  return frames.at(-1)?.payload.readUInt16BE(0);
}

async function byWs(bytes: Buffer) {
  const server = new WebSocketServer({ port, maxPayload: small });
  const told = new Promise((resolve) => {
    server.on("connection", (ws) => ws.on("error", (error: NodeJS.ErrnoException) => resolve(error.code)));
  });
  return { closed: await closeFor(await urlOf(server), bytes), told: await told };
}

async function byHawser(bytes: Buffer) {
  let report: (error: unknown) => void = () => undefined;
  const reported = new Promise((resolve) => {
    report = resolve;
  });
  const server = await serve(
    { port, limits: { message: small } },
    { close: (_, { error }) => report(error) },
  );
  const closed = await closeFor(await urlOf(server), bytes);
  const error = (await reported) as ProtocolError | LimitError;
  return { closed, told: "limit" in error ? error.limit : error.violation };
}

describe("the same end for", () => {
  test.each(rows)("%s", async (_, bytes, code, ours) => {
    const [theirs, here] = [await byWs(bytes), await byHawser(bytes)];
    expect(theirs.told).toBe(code);
    expect(here).toEqual({ closed: theirs.closed, told: ours });
  });
});

describe("fragments without end", () => {
  const bytes = Buffer.concat([
    masked.text("", { fin: false }),
    ...Array.from({ length: 17_000 }, () => masked.more("")),
  ]);

  test("end with 1008 at ws, and with 1009 here", async () => {
    expect(await byWs(bytes)).toEqual({ closed: 1008, told: "WS_ERR_TOO_MANY_BUFFERED_PARTS" });
    expect(await byHawser(bytes)).toEqual({ closed: 1009, told: "limits.message" });
  });
});

test("a server that masks", async () => {
  const server = new WebSocketServer({ port });
  server.on("connection", (ws) => {
    ws.on("error", () => undefined);
    ws.send("masked", { mask: true });
  });
  const url = await urlOf(server);
  const told = new Promise((resolve) => {
    new WebSocket(url).on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  expect(await told).toBe("WS_ERR_UNEXPECTED_MASK");
  expect((await (await connect(url)).closed).error).toMatchObject({ violation: "masked" });
});

test("the page has them all, and those of Hawser alone", () => {
  const [, table = ""] = page("docs/coming-from-ws.md").text.split("## Error codes");
  const told = [...table.matchAll(/^\| `(WS_ERR_\w+)` \| (\d+) \| (.+) \|$/gm)].flatMap(
    ([, code, close, ours = ""]) =>
      [...ours.matchAll(/`([\w.-]+)`/g)].map(([, name]) => `${code} ${close} ${name}`),
  );
  const closeCodeOf = (ours: string) =>
    ours in violations ? violations[ours as keyof typeof violations].closeCode : 1009;
  const known = rows.map(([, , code, ours]) => `${code} ${closeCodeOf(ours)} ${ours}`);
  known.push("WS_ERR_UNEXPECTED_MASK 1002 masked", "WS_ERR_TOO_MANY_BUFFERED_PARTS 1008 limits.message");
  expect(told.sort((one, other) => one.localeCompare(other))).toEqual(
    [...new Set(known)].sort((one, other) => one.localeCompare(other)),
  );
  const named = new Set(known.map((row) => row.split(" ")[2]));
  const alone = Object.keys(violations).filter((name) => !named.has(name));
  expect(alone).toEqual([
    "length-not-minimal",
    "length-top-bit",
    "length-endless",
    "invalid-deflate",
    "unaccepted-kind",
  ]);
  for (const name of alone) expect(table).toContain(`\`${name}\``);
});
