// Hostile answers to a client's request, K1 to K5 and K9: each is a HandshakeError that says what is wrong, however it is cut.
import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { type AnswerChanges, acceptOf, answerTo } from "../support/scripted-server.ts";
import { byteByByte, cutAt } from "../support/splits.ts";
import { ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();

type Lines = NonNullable<AnswerChanges["headers"]>;
type Row = readonly [what: string, answer: AnswerChanges | string | Buffer, status: number, message: RegExp];

const lines = (headers: Lines): AnswerChanges => ({ headers });
const extensions = (value: string | readonly string[]) => lines({ "Sec-WebSocket-Extensions": value });
const wrongKey = acceptOf("AAAAAAAAAAAAAAAAAAAAAA==");
const deflate = "permessage-deflate";

const rows: Readonly<Record<string, readonly Row[]>> = {
  K1: [
    ["no Sec-WebSocket-Accept", lines({ "Sec-WebSocket-Accept": undefined }), 101, /no Sec-WebSocket-Accept/],
    ["that of another key", lines({ "Sec-WebSocket-Accept": wrongKey }), 101, /wrong Sec-WebSocket-Accept/],
    ["an empty one", lines({ "Sec-WebSocket-Accept": "" }), 101, /wrong Sec-WebSocket-Accept/],
    ["two, both wrong", lines({ "Sec-WebSocket-Accept": [wrongKey, wrongKey] }), 101, /more than one/],
  ],
  K2: [
    ["no Upgrade", lines({ Upgrade: undefined }), 101, /Upgrade/],
    ["no Connection", lines({ Connection: undefined }), 101, /Connection/],
    ["neither", lines({ Upgrade: undefined, Connection: undefined }), 101, /Upgrade/],
    ["Upgrade: h2c", lines({ Upgrade: "h2c" }), 101, /h2c/],
    ["Upgrade: websocket, h2c", lines({ Upgrade: "websocket, h2c" }), 101, /websocket, h2c/],
    ["two Upgrade lines", lines({ Upgrade: ["websocket", "websocket"] }), 101, /websocket, websocket/],
    ["Connection: close", lines({ Connection: "close" }), 101, /Connection/],
    ["Connection: upgraded", lines({ Connection: "upgraded" }), 101, /Connection/],
    ["HTTP/1.0", { line: "HTTP/1.0 101 Switching Protocols" }, 101, /HTTP\/1\.0/],
  ],
  K3: [
    [
      "a subprotocol not asked for",
      lines({ "Sec-WebSocket-Protocol": "c" }),
      101,
      /"c", which was not offered/,
    ],
    ["several", lines({ "Sec-WebSocket-Protocol": "a, b" }), 101, /"a, b", which was not offered/],
    ["several lines", lines({ "Sec-WebSocket-Protocol": ["a", "b"] }), 101, /more than one/],
    ["in other letters", lines({ "Sec-WebSocket-Protocol": "A" }), 101, /"A", which was not offered/],
    ["an empty one", lines({ "Sec-WebSocket-Protocol": "" }), 101, /not offered/],
  ],
  // Without the option `compression` no extension is offered: whatever the answer says of one is wrong.
  K4: [
    ["an extension not asked for", extensions("x-unknown"), 101, /"x-unknown", which was not offered/],
    ["permessage-deflate", extensions(deflate), 101, /permessage-deflate/],
    ["an unknown parameter", extensions(`${deflate}; x=1`), 101, /permessage-deflate/],
    [
      "a parameter twice",
      extensions(`${deflate}; server_no_context_takeover; server_no_context_takeover`),
      101,
      /./,
    ],
    ["twice", extensions([deflate, deflate]), 101, /permessage-deflate/],
    ["a name of every object", extensions("__proto__, constructor; toString=1"), 101, /__proto__/],
    ["no name", extensions("; a=1"), 101, /malformed/],
    ["a value cut short", extensions('a; b="'), 101, /malformed/],
    ["thousands of backslashes", extensions(`a; b="${"\\c".repeat(6000)}`), 101, /malformed/],
  ],
  K5: [7, 16, "08", "1e1", "", '""', "99999999999999999999", "-1"].map((bits) => [
    `server_max_window_bits=${bits}`,
    extensions(`${deflate}; server_max_window_bits=${bits}`),
    101,
    /Sec-WebSocket-Extensions|not offered/,
  ]),
  K9: [
    ["garbage", "FOO BAR BAZ\r\n\r\n", 0, /bad response head/],
    ["HTTP/0.9", "<html>Hello</html>", 0, /bad response head/],
    ["HTTP/2", "HTTP/2 101\r\n\r\n", 0, /HTTP\/1\.1/],
    ["HTTP/1.1 without a status", "HTTP/1.1 \r\n\r\n", 0, /status/],
    ["a status of four digits", "HTTP/1.1 1010 Yes\r\n\r\n", 0, /reason|CR LF/],
    ["a negative status", "HTTP/1.1 -11 No\r\n\r\n", 0, /status/],
    ["bare LF", "HTTP/1.1 101 OK\nUpgrade: websocket\n\n", 0, /reason/],
    ["a folded line", { raw: "A: b\r\n c\r\n" }, 0, /folded/],
    ["a space before the colon", { raw: "A : b\r\n" }, 0, /colon/],
    ["NUL in a value", { raw: "A: \0\r\n" }, 0, /value/],
    ["a line without a colon", { raw: "nonsense\r\n" }, 0, /colon/],
    ["TLS where there should be none", Buffer.from("15030300020228", "hex"), 0, /try wss/],
    ["binary", Buffer.from("ff00ff00", "hex"), 0, /bad response head/],
    ["a frame", Buffer.from("8100", "hex"), 0, /bad response head/],
    ["an empty line first", "\r\nHTTP/1.1 101 OK\r\n\r\n", 0, /bad response head/],
  ],
};

/** The bytes of an answer. */
function printed(answer: Row[1], key: string): Buffer {
  if (typeof answer === "string") return Buffer.from(answer);
  return Buffer.isBuffer(answer) ? answer : answerTo(key, answer);
}

describe.each(Object.entries(rows))("%s", (_row, cases) => {
  test.each(cases)("%s fails", async (_what, answer, status, message) => {
    const server = await guard.server(async (caller) => {
      const { key } = await caller.asked();
      caller.write(printed(answer, key));
      // It is the client that goes, at once and without a word.
      expect(await caller.framesToEnd()).toEqual([]);
    });
    const error = await guard.failure(server, { subprotocols: ["a", "b"] });
    expect(error.message).toMatch(message);
    expect(error.status).toBe(status);
    expect(error.headers.size > 0).toBe(status === 101);
  });

  test("the same however the answer is cut", async () => {
    let cut = byteByByte;
    let sent: Row[1] = "";
    const server = await guard.server(async (caller) => {
      const { key } = await caller.asked();
      for (const piece of cut(printed(sent, key))) await caller.send(piece, piece.length);
    });
    const expectFailure = async ([what, answer, status, message]: Row, way: typeof cut) => {
      [sent, cut] = [answer, way];
      const error = await guard.failure(server, { subprotocols: ["a", "b"] });
      expect([what, error.status]).toEqual([what, status]);
      expect(error.message).toMatch(message);
    };
    for (const [index, row] of cases.entries()) {
      const { length } = printed(row[1], "");
      if (length < 1000) await expectFailure(row, byteByByte);
      // Everywhere for one of them.
      const step = index === 0 ? 1 : 29;
      for (let at = 1; at < Math.min(length, 300); at += step)
        await expectFailure(row, (whole) => cutAt(whole, [at]));
    }
  });
});

test.each([
  ["twice", (right: string) => [right, right]],
  ["twice, once wrong", (right: string) => [right, wrongKey]],
  ["twice in one line", (right: string) => [`${right}, ${right}`]],
  ["in other letters", (right: string) => [right.toLowerCase()]],
  ["cut short", (right: string) => [right.slice(0, -1)]],
  ["with something behind it", (right: string) => [`${right}=`]],
  ["as the key itself", (_right: string, key: string) => [key]],
] as const)("K1: a Sec-WebSocket-Accept that is right but %s fails", async (_what, spoil) => {
  const server = await guard.server(async (caller) => {
    const { key } = await caller.asked();
    caller.write(answerTo(key, lines({ "Sec-WebSocket-Accept": spoil(acceptOf(key), key) })));
  });
  const error = await guard.failure(server);
  expect([error.status, error.message]).toEqual([101, expect.stringContaining("Sec-WebSocket-Accept")]);
});

test("what is right is taken: other letters, other lines, a subprotocol that was offered, no reason", async () => {
  const answers: AnswerChanges[] = [
    lines({ Upgrade: "WebSocket", Connection: "keep-alive, uPGRADE" }),
    { line: "HTTP/1.1 101" },
    { line: "HTTP/1.1 101 " },
    lines({ "Sec-WebSocket-Protocol": "b", "X-Other": ["1", "2"], "Sec-WebSocket-Version": "13" }),
    { raw: "Content-Length: 5\r\n" },
  ];
  const server = await guard.server((caller, nth) => caller.accept(answers[nth]));
  const chosen: string[] = [];
  for (const _ of answers) chosen.push((await guard.open(server, { subprotocols: ["a", "b"] })).subprotocol);
  expect(chosen).toEqual(["", "", "", "b", ""]);
});
