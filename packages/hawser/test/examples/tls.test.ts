// examples/tls.ts
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/tls.ts";
import { certificateFor } from "../serve/support/certificates.ts";
import { openWs } from "./support.ts";

const tls = certificateFor("localhost");

async function server(): Promise<string> {
  const started = await start(0, tls);
  onTestFinished(async () => void (await started.close()));
  return started.url.replace(/\[::1\]|127\.0\.0\.1/, "localhost");
}

test("the request decides the header of the answer and the state", async () => {
  const url = await server();
  expect(url).toMatch(/^wss:/);
  const client = await openWs(`${url}/?room=tea`, [], { ca: tls.cert, headers: { cookie: "user=ada" } });
  expect(client.headers["x-room"]).toBe("tea");
  client.send("hello");
  expect(await client.next()).toBe("ada: hello");
  await client.close();
});

test("without a cookie and a query there are defaults", async () => {
  const client = await openWs(await server(), [], { ca: tls.cert });
  expect(client.headers["x-room"]).toBe("hall");
  client.send("hello");
  expect(await client.next()).toBe("somebody: hello");
  await client.close();
});
