import { expect, it } from "vitest";
import { HeaderList } from "../../src/handshake/header-list.ts";
import { readPieces } from "./support.ts";

const list = new HeaderList([
  ["Host", " a.example "],
  ["Cookie", "a=1"],
  ["X-Key", "  12 3 "],
  ["cookie", "\tb=2"],
]);

it("finds a name in any case, and joins its lines (RFC 9110 §5.3)", () => {
  expect(list.get("HOST")).toBe("a.example");
  expect(list.get("Cookie")).toBe("a=1, b=2");
  expect(list.all("COOKIE")).toEqual(["a=1", "b=2"]);
  expect(list.has("x-key")).toBe(true);
  expect(list.size).toBe(4);
});

it("finds nothing that is not there, least of all what objects inherit", () => {
  for (const name of ["__proto__", "constructor", "hasOwnProperty", "toString", "hos", "hosts", ""]) {
    expect(list.get(name)).toBeUndefined();
    expect(list.all(name)).toEqual([]);
    expect(list.has(name)).toBe(false);
    expect(list.rawValue(name)).toBeUndefined();
  }
  expect(new HeaderList([["__proto__", "x"]]).get("__proto__")).toBe("x");
});

it("keeps raw values: a key of the early drafts may end in a space", () => {
  expect(list.rawValue("x-key")).toBe("  12 3 ");
  expect(list.rawValue("cookie")).toBe("a=1");
  expect(readPieces(["GET / HTTP/1.1\r\nK: 1 2 \r\n\r\n"])?.head.headers.rawValue("k")).toBe(" 1 2 ");
});

it("iterates over names as they came and values without the whitespace around them", () => {
  expect([...list]).toEqual([
    ["Host", "a.example"],
    ["Cookie", "a=1"],
    ["X-Key", "12 3"],
    ["cookie", "b=2"],
  ]);
});

it("is made from rawHeaders of node:http, and stays as it is if that changes", () => {
  const raw = ["Host", "a", "X", "1"];
  const made = HeaderList.fromRaw(raw);
  raw[1] = "b";
  expect([...made]).toEqual([
    ["Host", "a"],
    ["X", "1"],
  ]);
  expect(() => HeaderList.fromRaw(["Host", "a", "X"])).toThrow(new TypeError('the header "X" has no value'));
});
