import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { basicAuthorization } from "../../src/handshake/basic-authorization.ts";

const of = (url: string) => basicAuthorization(new URL(url));
const basic = (text: string) => `Basic ${Buffer.from(text, "utf8").toString("base64")}`;

describe("the value (RFC 7617 §2)", () => {
  it("has the vectors of the document", () => {
    expect(of("ws://Aladdin:open%20sesame@example/")).toBe("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    // RFC 7617 §2.1: in UTF-8.
    expect(of("ws://test:123%C2%A3@example/")).toBe("Basic dGVzdDoxMjPCow==");
    expect(of("ws://test:123\u00a3@example/")).toBe("Basic dGVzdDoxMjPCow==");
  });

  it("is not there without a name and password", () => {
    expect(of("ws://example/")).toBeUndefined();
    expect(of("ws://@example/")).toBeUndefined();
    expect(of("ws://:@example/")).toBeUndefined();
  });

  it("is there with only one of them", () => {
    expect(of("ws://token@example/")).toBe(basic("token:"));
    expect(of("ws://:secret@example/")).toBe(basic(":secret"));
  });

  it("has escaped and unescaped signs as they are meant", () => {
    expect(of("ws://a%40b:c%3Ad%2Fe:f%23@example/")).toBe(basic("a@b:c:d/e:f#"));
    expect(of("ws://a@b:c@example/")).toBe(basic("a@b:c"));
  });
});

describe("what cannot be sent → TypeError, without the name and password in it", () => {
  it.each([
    ["percent signs that escape nothing", "ws://100%:s3cret@example/", /percent-encoded UTF-8/],
    ["escapes that are no UTF-8", "ws://u:s3cret%ff@example/", /percent-encoded UTF-8/],
    ["a colon in the name: the password would begin there", "ws://u%3As3cret:p@example/", /a colon/],
    ["a line break", "ws://u:s3cret%0d%0a@example/", /control characters/],
    ["NUL", "ws://s3cret%00:p@example/", /control characters/],
    ["DEL", "ws://s3cret:%7f@example/", /control characters/],
  ])("%s", (_, url, message) => {
    let thrown: unknown;
    try {
      of(url);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    expect(String(thrown)).toMatch(message);
    expect(String(thrown)).not.toContain("s3cret");
  });
});
