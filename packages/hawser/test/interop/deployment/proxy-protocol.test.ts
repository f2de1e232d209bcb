// nginx and HAProxy in front, which tell of the client in a header of the PROXY protocol, and do not look at what follows.
import { connect, HandshakeError } from "hawser";
import { describe, expect, test } from "vitest";
import { eventually } from "../../serve/support/guard.ts";
import { application, CLIENT, inFrontOf, onUnixSocket, refusal, through } from "./behind.ts";
import { haproxyTcp, nginxStream } from "./front.ts";
import { passesWebSockets } from "./suite.ts";

const trustProxy = { from: ["127.0.0.1"], proxyProtocol: true } as const;
/** Version 1 of the protocol has no word for TLS. */
const kinds = [
  [nginxStream, false],
  [haproxyTcp(1), false],
  [haproxyTcp(2), true],
] as const;

describe.each(kinds.map(([kind, told]) => [kind.name, kind, told] as const))("%s", (_name, kind, told) => {
  describe.skipIf(!kind.isThere)(kind.isThere ? "there" : `missing; ${kind.install}`, () => {
    passesWebSockets(kind, trustProxy, told);

    test("over Unix sockets", async () => {
      const { app, path } = await onUnixSocket({ trustProxy: { from: ["unix"], proxyProtocol: true } });
      const prefix = kind === nginxStream ? "unix:" : "unix@";
      const client = await through(await inFrontOf(kind, [prefix + path, prefix + path]));
      expect((await app.arrival()).request.remoteAddress).toBe(CLIENT);
      await client.close();
    });

    test("a server that was not told answers 400", async () => {
      const app = await application();
      const error = await refusal(through(await inFrontOf(kind, [app.address, app.address])));
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ status: 400 });
    });

    test("beside the proxy, from other addresses, there is no header", async () => {
      const app = await application({ trustProxy });
      const front = await inFrontOf(kind, [app.address, app.address]);
      const direct = await connect(app.server.url, { network: { localAddress: "127.0.0.3" } });
      expect((await app.arrival()).request.remoteAddress).toBe("127.0.0.3");
      await direct.close();
      const client = await through(front);
      expect((await app.arrival()).request.remoteAddress).toBe(CLIENT);
      await client.close();
      // From the proxy's own address a header must come.
      expect(await refusal(connect(app.server.url))).toMatchObject({ status: 400 });
    });
  });
});

describe.each([haproxyTcp(1), haproxyTcp(2)].map((kind) => [kind.name, kind] as const))(
  "%s",
  (_name, kind) => {
    test.skipIf(!kind.isThere)("health checks come with a header too", async () => {
      let ready = true;
      const checks: number[] = [];
      const app = await application({
        trustProxy,
        http(request, response) {
          response.statusCode = ready ? 200 : 503;
          if (request.url === "/healthz") checks.push(response.statusCode);
          response.end();
        },
      });
      const front = await inFrontOf(kind, [app.address, app.address], { "inter 2s": "inter 50ms" });
      await eventually(() => checks.length > 5, "health checks");
      const client = await through(front);
      ready = false;
      await eventually(() => checks.filter((status) => status === 503).length > 5, "failed health checks");
      expect(await refusal(through(front))).toMatchObject({ status: 0 });
      client.send("still here");
      expect(await client.receive()).toBe("still here");
      await client.close();
    });
  },
);
