import { STATUS_CODES } from "node:http";
import { expect, it } from "vitest";
import { reasonPhrase } from "../../src/handshake/reason-phrase.ts";

// RFC 9110 renamed these; node:http has the old names.
const renamed = new Map([
  [413, "Content Too Large"],
  [422, "Unprocessable Content"],
]);

it("knows the statuses of RFC 9110 that may answer a handshake", () => {
  for (const status of [
    101, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 408, 413, 414, 422, 426, 429, 431, 500, 501, 502,
    503, 504, 505,
  ]) {
    expect(reasonPhrase(status)).toBe(renamed.get(status) ?? STATUS_CODES[status]);
  }
});

it("names the class of those it does not know (RFC 9110 §15)", () => {
  expect([399, 499, 599].map(reasonPhrase)).toEqual(["Redirection", "Client Error", "Server Error"]);
});
