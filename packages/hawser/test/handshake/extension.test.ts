import { describe, expect, it } from "vitest";
import { parseExtensions, printExtensions } from "../../src/handshake/extension.ts";
import { refusalOf } from "./support.ts";

describe("Sec-WebSocket-Extensions in a request (RFC 6455 §9.1)", () => {
  it("is no offer if it is not there", () => {
    expect(parseExtensions([])).toEqual([]);
  });

  it("has extensions with parameters, with and without values, in their order", () => {
    expect(
      parseExtensions(["permessage-deflate; client_max_window_bits; server_max_window_bits=10, x"]),
    ).toEqual([
      {
        name: "permessage-deflate",
        parameters: [
          ["client_max_window_bits", undefined],
          ["server_max_window_bits", "10"],
        ],
      },
      { name: "x", parameters: [] },
    ]);
  });

  it("keeps parameters that come twice: what they mean is up to the extension", () => {
    expect(parseExtensions(["a;b;b=1"])[0]?.parameters).toEqual([
      ["b", undefined],
      ["b", "1"],
    ]);
  });

  it("may be several lines, of which each adds to the list", () => {
    expect(parseExtensions(["a;x", "b", "a;y"]).map(({ name }) => name)).toEqual(["a", "b", "a"]);
  });

  it("may have spaces and tabs around every separator (RFC 2616 §2.1)", () => {
    expect(parseExtensions([" a\t; b = c ; d , e "])).toEqual([
      {
        name: "a",
        parameters: [
          ["b", "c"],
          ["d", undefined],
        ],
      },
      { name: "e", parameters: [] },
    ]);
  });

  it("ignores empty members (RFC 9110 §5.6.1)", () => {
    expect(parseExtensions([", a,, b ,", ""]).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("unescapes quoted values", () => {
    expect(parseExtensions(['a; b="10" ; c="\\1\\2", d'])).toEqual([
      {
        name: "a",
        parameters: [
          ["b", "10"],
          ["c", "12"],
        ],
      },
      { name: "d", parameters: [] },
    ]);
  });

  it.each([
    "",
    " ",
    ",",
    " , ",
    ";",
    "a;",
    "a; ,b",
    "a;;b",
    "a; =1",
    "a=1",
    "a b",
    "a; b c",
    "a; b==c",
    '"a"',
    'a; "b"',
    'a; b="',
    'a; b="c',
    'a; b="\\"',
    'a; b=""',
    'a; b="c d"',
    'a; b="c,d"',
    'a; b="\\,"',
    'a; b="c"d',
    "a(b",
    "a; b=c(",
    "h\u00e9",
    "a; b=\u00a0",
  ])("%j → 400", (line) => {
    expect(refusalOf(() => parseExtensions([line]))).toMatchObject({ status: 400, rule: "RFC 6455 §9.1" });
  });

  it("Z12: a parameter with an empty value → 400", () => {
    expect(refusalOf(() => parseExtensions(["permessage-deflate; client_max_window_bits="])).message).toBe(
      "Sec-WebSocket-Extensions ends too early",
    );
  });

  it("says where it is malformed", () => {
    expect(refusalOf(() => parseExtensions(["a; b(c"])).message).toBe(
      'Sec-WebSocket-Extensions is malformed at "b(c"',
    );
    expect(refusalOf(() => parseExtensions(['a; b="c'])).message).toContain('at "\\"c"');
  });

  it("a quoted string that reaches over two lines → 400", () => {
    expect(refusalOf(() => parseExtensions(['a; b="c', 'd"'])).status).toBe(400);
  });

  it("H45: an unclosed quote with thousands of escapes → 400, in linear time: ten times the line of the row a hundredfold", () => {
    expect(refusalOf(() => parseExtensions([`a; b="${"\\c".repeat(7000)}`])).status).toBe(400);
    expect(refusalOf(() => parseExtensions([`a; b="${"\\c".repeat(1_000_000)}`])).status).toBe(400);
    expect(refusalOf(() => parseExtensions([`a${" ".repeat(1_000_000)}x`])).status).toBe(400);
    expect(parseExtensions([`a; b="${"\\c".repeat(100_000)}"`])[0]?.parameters[0]?.[1]).toHaveLength(100_000);
  });

  it("H46: names of objects are names like all others", () => {
    expect(parseExtensions(["__proto__; constructor=1; __proto__, hasOwnProperty"])).toEqual([
      {
        name: "__proto__",
        parameters: [
          ["constructor", "1"],
          ["__proto__", undefined],
        ],
      },
      { name: "hasOwnProperty", parameters: [] },
    ]);
  });
});

describe("printing what was agreed on", () => {
  it("gives what parsing gives back", () => {
    const agreed = [
      {
        name: "permessage-deflate",
        parameters: [
          ["server_max_window_bits", "12"],
          ["server_no_context_takeover", undefined],
        ],
      },
      { name: "x", parameters: [] },
    ] as const;
    const printed = printExtensions(agreed);
    expect(printed).toBe("permessage-deflate; server_max_window_bits=12; server_no_context_takeover, x");
    expect(parseExtensions([printed])).toEqual(agreed);
  });

  it.each([
    [{ name: "a b", parameters: [] }],
    [{ name: "a", parameters: [["b;", undefined]] as const }],
    [{ name: "a", parameters: [["b", ""]] as const }],
    [{ name: "a", parameters: [["b", "c\r\nd"]] as const }],
  ])("H48: what is no token → TypeError: %j", (extension) => {
    expect(() => printExtensions([extension])).toThrow(TypeError);
  });
});
