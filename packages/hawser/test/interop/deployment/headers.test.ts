// nginx and HAProxy in front, which tell of the client in X-Forwarded headers.

import { HandshakeError } from "hawser";
import { describe, expect, test } from "vitest";
import { application, CLIENT, inFrontOf, refusal, through } from "./behind.ts";
import { haproxy, nginx } from "./front.ts";
import { passesWebSockets } from "./suite.ts";

const trustProxy = { from: ["127.0.0.1"], headers: "x-forwarded" } as const;

describe.each([nginx, haproxy].map((kind) => [kind.name, kind] as const))("%s", (_name, kind) => {
  describe.skipIf(!kind.isThere)(kind.isThere ? "there" : `missing; ${kind.install}`, () => {
    passesWebSockets(kind, trustProxy, true);

    test("to a server that trusts nobody, every client is the proxy", async () => {
      const app = await application();
      const front = await inFrontOf(kind, [app.address, app.address]);
      const client = await through(front, {}, front.wss);
      expect((await app.arrival()).request).toMatchObject({
        remoteAddress: "127.0.0.1",
        secure: false,
        host: new URL(front.wss).host,
      });
      await client.close();
    });

    test("a proxy in front of that proxy", async () => {
      const app = await application({ trustProxy: { ...trustProxy, from: ["127.0.0.1", CLIENT] } });
      const front = await inFrontOf(kind, [app.address, app.address]);
      const client = await through(front, { headers: { "X-Forwarded-For": "203.0.113.9, 198.51.100.7" } });
      expect((await app.arrival()).request.remoteAddress).toBe("198.51.100.7");
      await client.close();
    });

    test("a page that came without TLS may not connect under it", async () => {
      const app = await application({ trustProxy });
      const front = await inFrontOf(kind, [app.address, app.address]);
      const headers = { Origin: `http://${new URL(front.wss).host}` };
      const error = await refusal(through(front, { headers }, front.wss));
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ status: 403 });
    });
  });
});
