import { expect, it } from "vitest";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";

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
    headers: [["Allow", "GET"]],
    rule: "RFC 6455 §4.2.1",
    body: "not with POST",
  });
});

it("may have a body of its own, a cause, and neither headers nor a rule", () => {
  const cause = new Error("down");
  const error = new HandshakeError("the database is down", { status: 503, body: "try again", cause });
  expect(error).toMatchObject({ status: 503, body: "try again", headers: [], rule: undefined, cause });
});
