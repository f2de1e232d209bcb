// examples/private-ca.ts, against the server of examples/tls.ts
import { expect, onTestFinished, test } from "vitest";
import { greet } from "../../../../examples/private-ca.ts";
import { start } from "../../../../examples/tls.ts";
import { Authority } from "../client/support/authority.ts";

const authority = new Authority("Our Authority");

async function server(): Promise<string> {
  const started = await start(0, authority.issue("DNS:localhost"));
  onTestFinished(async () => void (await started.close()));
  return `wss://localhost:${started.port}/?room=tea`;
}

test("the authority is trusted, and the server greeted", async () => {
  expect(await greet(await server(), authority.cert, "ada")).toBe("tea: ada: hello");
});

test("another authority is not", async () => {
  const other = new Authority("Their Authority");
  await expect(greet(await server(), other.cert, "ada")).rejects.toMatchObject({
    status: 0,
    cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  });
});
