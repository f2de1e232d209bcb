// The rows of the handshake that are one request and one answer: H1 to H35, H42 to H46.
import { Buffer } from "node:buffer";
import { KEY, request } from "../serve/support/requests.ts";
import { masked } from "../support/frames.ts";

/** One request, and what becomes of it. */
export interface Row {
  readonly row: string;
  readonly what: string;
  readonly bytes: Buffer;
  /** The status of the answer. */
  readonly status: number;
  /** Header lines that must be in it. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Behind `upgrade()`: the status with which Node's parser refuses it before us, or 404, which here is the HTTP application's
   * answer to all it gets. Absent: it comes to us, and the answer is the same as elsewhere.
   */
  readonly node?: number;
}

const version = { "sec-websocket-version": "13" };
const head = (line: string, headers?: Record<string, string | string[] | undefined>, raw?: string) =>
  request({ line, ...(headers && { headers }), ...(raw !== undefined && { raw }) });
const get = (headers: Record<string, string | readonly string[] | undefined>) => request({ headers });
const raw = (line: string) => request({ raw: line });
const target = (text: string) => head(`GET ${text} HTTP/1.1`);

/** A TLS 1.2 record with the start of a ClientHello. */
const clientHello = Buffer.from("16030100c8010000c40303", "hex");

export const rows: readonly Row[] = [
  { row: "H1", what: "no Host", bytes: get({ Host: undefined }), status: 400 },
  { row: "H2", what: "two Host lines", bytes: get({ Host: ["localhost", "localhost"] }), status: 400 },
  { row: "H3", what: "a Host with a space", bytes: get({ Host: "a b" }), status: 400 },
  { row: "H3", what: "a Host with userinfo", bytes: get({ Host: "user@localhost" }), status: 400 },
  { row: "H3", what: "a Host with a port that is none", bytes: get({ Host: "x:99999" }), status: 400 },
  { row: "H4", what: "POST", bytes: head("POST / HTTP/1.1"), status: 405, headers: { allow: "GET" } },
  { row: "H4", what: "OPTIONS", bytes: head("OPTIONS / HTTP/1.1"), status: 405, headers: { allow: "GET" } },
  {
    row: "H5",
    what: "HTTP/1.0",
    bytes: head("GET / HTTP/1.0"),
    status: 426,
    headers: { upgrade: "websocket" },
  },
  { row: "H6", what: "HTTP/2.0 as text", bytes: head("GET / HTTP/2.0"), status: 505 },
  {
    row: "H7",
    what: "the preface of HTTP/2",
    node: 400,
    bytes: Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    status: 400,
  },
  { row: "H8", what: "a ClientHello on a plain port", node: 400, bytes: clientHello, status: 400 },
  { row: "H8", what: "binary garbage", node: 400, bytes: Buffer.from("00ff8090a0", "hex"), status: 400 },
  { row: "H9", what: "no key", bytes: get({ "Sec-WebSocket-Key": undefined }), status: 400 },
  {
    row: "H9",
    what: "a key of 22 characters",
    bytes: get({ "Sec-WebSocket-Key": KEY.slice(0, 22) }),
    status: 400,
  },
  { row: "H9", what: "a key of 3 bytes", bytes: get({ "Sec-WebSocket-Key": "AAAA" }), status: 400 },
  { row: "H9", what: "two keys", bytes: get({ "Sec-WebSocket-Key": [KEY, KEY] }), status: 400 },
  {
    row: "H10",
    what: "a key that is not canonical",
    bytes: get({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAZR==" }),
    status: 101,
  },
  {
    row: "H11",
    what: "no version",
    bytes: get({ "Sec-WebSocket-Version": undefined }),
    status: 400,
    headers: version,
  },
  {
    row: "H12",
    what: "version 12",
    bytes: get({ "Sec-WebSocket-Version": "12" }),
    status: 426,
    headers: version,
  },
  {
    row: "H12",
    what: "version 99",
    bytes: get({ "Sec-WebSocket-Version": "99" }),
    status: 426,
    headers: version,
  },
  {
    row: "H13",
    what: "version 8",
    bytes: get({ "Sec-WebSocket-Version": "8" }),
    status: 426,
    headers: version,
  },
  {
    row: "H14",
    what: "version 013",
    bytes: get({ "Sec-WebSocket-Version": "013" }),
    status: 400,
    headers: version,
  },
  {
    row: "H14",
    what: "version 13 ,13",
    bytes: get({ "Sec-WebSocket-Version": "13 ,13" }),
    status: 400,
    headers: version,
  },
  {
    row: "H14",
    what: "version +13",
    bytes: get({ "Sec-WebSocket-Version": "+13" }),
    status: 400,
    headers: version,
  },
  {
    row: "H14",
    what: "version 13 twice",
    bytes: get({ "Sec-WebSocket-Version": ["13", "13"] }),
    status: 400,
    headers: version,
  },
  { row: "H15", what: "Upgrade with h2c in it", bytes: get({ Upgrade: "h2c, websocket" }), status: 101 },
  {
    row: "H16",
    what: "Connection without upgrade",
    node: 404,
    bytes: get({ Connection: "keep-alive" }),
    status: 426,
    headers: { upgrade: "websocket" },
  },
  {
    row: "H17",
    what: "names and tokens in any case",
    bytes: Buffer.from(
      get({ Upgrade: "WebSocket", Connection: "keep-alive, uPgRaDe" }).toString().replace("Host", "hOST"),
    ),
    status: 101,
  },
  { row: "H18", what: "a folded line", node: 400, bytes: raw("X-A: b\r\n c\r\n"), status: 400 },
  { row: "H19", what: "a space before the colon", node: 400, bytes: raw("X-A : b\r\n"), status: 400 },
  {
    row: "H20",
    what: "bare LF",
    node: 400,
    bytes: Buffer.from(request().toString().replaceAll("\r\n", "\n")),
    status: 400,
  },
  { row: "H21", what: "a bare CR in a value", node: 400, bytes: raw("X-A: b\rc\r\n"), status: 400 },
  { row: "H22", what: "NUL in a value", node: 400, bytes: raw("X-A: b\0c\r\n"), status: 400 },
  { row: "H22", what: "a control byte in a value", node: 400, bytes: raw("X-A: b\x01c\r\n"), status: 400 },
  {
    row: "H23",
    what: "an end of the head that is none",
    node: 400,
    bytes: Buffer.concat([request().subarray(0, -2), Buffer.from("\rX")]),
    status: 400,
  },
  {
    row: "H24",
    what: "Content-Length and Transfer-Encoding",
    node: 400,
    bytes: get({ "Content-Length": "5", "Transfer-Encoding": "chunked" }),
    status: 400,
  },
  {
    row: "H25",
    what: "a body by Content-Length",
    bytes: Buffer.concat([get({ "Content-Length": "5" }), Buffer.from("hello")]),
    status: 400,
  },
  {
    row: "H26",
    what: "a body by Transfer-Encoding",
    bytes: Buffer.concat([get({ "Transfer-Encoding": "chunked" }), Buffer.from("5\r\nhello\r\n0\r\n\r\n")]),
    status: 400,
  },
  {
    row: "H27",
    what: "two lengths that differ",
    node: 400,
    bytes: get({ "Content-Length": ["0", "5"] }),
    status: 400,
  },
  {
    row: "H27",
    what: "the same length twice",
    node: 400,
    bytes: get({ "Content-Length": ["0", "0"] }),
    status: 400,
  },
  {
    row: "H28",
    what: "a request smuggled behind a version that is refused",
    bytes: Buffer.concat([
      get({ "Sec-WebSocket-Version": "777" }),
      Buffer.from("GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ]),
    status: 400,
    headers: version,
  },
  {
    row: "H28",
    what: "frames behind a key that is refused",
    bytes: Buffer.concat([get({ "Sec-WebSocket-Key": "wrong" }), masked.text("hello")]),
    status: 400,
  },
  { row: "H29", what: "a target in absolute form", bytes: target("http://localhost/"), status: 101 },
  { row: "H30", what: "a target in asterisk form", bytes: target("*"), status: 400 },
  { row: "H30", what: "a target in authority form", node: 400, bytes: target("localhost:80"), status: 400 },
  { row: "H31", what: "a target with a fragment", bytes: target("/a#frag"), status: 400 },
  { row: "H32", what: "a target that is not ASCII", node: 400, bytes: target("/caf\xe9"), status: 400 },
  { row: "H32", what: "a target with a space", node: 400, bytes: target("/a b"), status: 400 },
  { row: "H33", what: "a target with two slashes", bytes: target("//evil.example/x"), status: 101 },
  { row: "H33", what: "a target with dots", bytes: target("/../../etc/passwd"), status: 101 },
  { row: "H33", what: "a target with %00", bytes: target("/%00%ff%zz"), status: 101 },
  {
    row: "H33",
    what: "a target of 16 KiB",
    node: 431,
    bytes: target(`/${"a".repeat(16 * 1024)}`),
    status: 414,
  },
  {
    row: "H34",
    what: "a header of 17 KiB",
    node: 431,
    bytes: get({ "X-A": "b".repeat(17 * 1024) }),
    status: 431,
  },
  {
    row: "H35",
    what: "1,100 headers",
    node: 404,
    bytes: Buffer.from(
      request()
        .toString()
        .replace("Upgrade:", `${"X: y\r\n".repeat(1100)}Upgrade:`),
    ),
    status: 431,
  },
  {
    row: "H42",
    what: "an empty member among subprotocols",
    bytes: get({ "Sec-WebSocket-Protocol": "a,,b" }),
    status: 101,
  },
  {
    row: "H42",
    what: "a subprotocol with a space",
    bytes: get({ "Sec-WebSocket-Protocol": "a b" }),
    status: 400,
  },
  {
    row: "H42",
    what: "a subprotocol with a parenthesis",
    bytes: get({ "Sec-WebSocket-Protocol": "a(" }),
    status: 400,
  },
  {
    row: "H42",
    what: "no subprotocol in the list",
    bytes: get({ "Sec-WebSocket-Protocol": "" }),
    status: 400,
  },
  {
    row: "H43",
    what: "a subprotocol twice",
    bytes: get({ "Sec-WebSocket-Protocol": "a, b, a" }),
    status: 400,
  },
  {
    row: "H44",
    what: "15,000 spaces in a subprotocol",
    bytes: get({ "Sec-WebSocket-Protocol": `b${" ".repeat(15_000)}x` }),
    status: 400,
  },
  {
    row: "H45",
    what: "7,000 escapes in an extension",
    bytes: get({ "Sec-WebSocket-Extensions": `a; b="${"\\c".repeat(7000)}` }),
    status: 400,
  },
  {
    row: "H46",
    what: "extensions named as properties",
    bytes: get({ "Sec-WebSocket-Extensions": "__proto__, constructor, hasOwnProperty; a=b" }),
    status: 101,
  },
];
