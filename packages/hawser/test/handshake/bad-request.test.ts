import { expect, it } from "vitest";
import { badRequest } from "../../src/handshake/bad-request.ts";
import { HandshakeError } from "../../src/handshake/handshake-error.ts";

it("is a HandshakeError with status 400, the message as its body, and the rule", () => {
  const error = badRequest("no Host", "RFC 9112 §3.2");
  expect(error).toBeInstanceOf(HandshakeError);
  expect(error).toMatchObject({
    status: 400,
    message: "no Host",
    body: "no Host",
    rule: "RFC 9112 §3.2",
  });
  expect([...error.headers]).toEqual([]);
});
