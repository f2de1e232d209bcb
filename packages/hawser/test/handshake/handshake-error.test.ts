import { expect, it } from "vitest";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";
import { HeaderList } from "../../src/handshake/header-list.ts";

it("carries the answer that says what was wrong", () => {
  const error = new HandshakeError("not with POST", {
    status: 405,
    headers: [["Allow", "GET"]],
    rule: "RFC 6455 §4.2.1",
  });
  expect(error).toMatchObject({
    name: "HandshakeError",
    code: "ERR_HAWSER_HANDSHAKE",
    status: 405,
    rule: "RFC 6455 §4.2.1",
    body: "not with POST",
  });
  expect(error.headers).toBeInstanceOf(HeaderList);
  expect(error.headers.get("allow")).toBe("GET");
});

it("may have a body of its own, a cause, and neither headers nor a rule", () => {
  const cause = new Error("down");
  const error = new HandshakeError("the database is down", { status: 503, body: "try again", cause });
  expect(error).toMatchObject({ status: 503, body: "try again", rule: undefined, cause });
  expect([...error.headers]).toEqual([]);
});

it("keeps the header lines of an answer that was read as they are", () => {
  const headers = new HeaderList([["Retry-After", " 5 "]]);
  expect(new HandshakeError("full", { status: 503, headers }).headers).toBe(headers);
});

it("has no body where there was no answer", () => {
  const cause = new Error("connect ECONNREFUSED");
  expect(new HandshakeError("could not connect", { status: 0, cause })).toMatchObject({ body: "", cause });
});
