// What must hold through every proxy, whichever way it tells of the client.
import { HandshakeError, type ServeOptions } from "hawser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filler } from "../../support/bytes.ts";
import {
  type Application,
  application,
  CLIENT,
  inFrontOf,
  refusal,
  startApplication,
  through,
} from "./behind.ts";
import type { Front, FrontKind } from "./front.ts";

const MiB = 2 ** 20;

/**
 * @param trustProxy as the configuration of this kind needs it
 * @param told whether the proxy tells of TLS
 */
export function passesWebSockets(
  kind: FrontKind,
  trustProxy: NonNullable<ServeOptions["trustProxy"]>,
  told: boolean,
): void {
  let app: Application;
  let front: Front;
  beforeAll(async () => {
    app = await startApplication({ trustProxy, compression: true });
    front = await kind.start([app.address, app.address]);
  });
  afterAll(() => Promise.all([front?.stop(), app?.stop()]));

  test.each([
    ["ws", false],
    ["ws", true],
    ["wss", true],
  ] as const)("%s: text, a mebibyte, fragments; compression: %s", async (scheme, compression) => {
    const client = await through(front, { compression }, front[scheme]);
    const served = await app.arrival();
    for (const message of ["滴水之恩当以涌泉相报", "x".repeat(MiB), "", Buffer.from("bytes"), filler(MiB)]) {
      client.send(message);
      const echo = (await client.receive()) ?? "nothing";
      expect(typeof echo).toBe(typeof message);
      expect(Buffer.from(echo).equals(Buffer.from(message))).toBe(true);
    }
    const pieces = ["in ", "many ", "pieces"];
    await client.sendStream("text", pieces);
    expect(await client.receive()).toBe("in many pieces");
    expect(await client.ping()).toBeGreaterThan(0);
    expect(await served.ping()).toBeGreaterThan(0);
    expect(await client.close(1000)).toMatchObject({ clean: true, code: 1000 });
  });

  test("the server sees the client's address", async () => {
    const client = await through(front, {}, `${front.ws}/room?x=1`);
    expect((await app.arrival()).request).toMatchObject({
      remoteAddress: CLIENT,
      target: "/room?x=1",
      secure: false,
      host: `127.0.0.1:${front.port}`,
    });
    await client.close();
  });

  test("what a client says of itself is not believed", async () => {
    const client = await through(front, {
      headers: {
        Forwarded: "for=203.0.113.9;proto=https;host=evil.example",
        "X-Forwarded-For": "203.0.113.9, 127.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
      },
    });
    expect((await app.arrival()).request).toMatchObject({
      remoteAddress: CLIENT,
      secure: false,
      host: `127.0.0.1:${front.port}`,
    });
    await client.close();
  });

  test("pages of this server may connect, others get 403", async () => {
    const own = `127.0.0.1:${front.port}`;
    const client = await through(front, { headers: { Origin: `http://${own}` } });
    await app.arrival();
    await client.close();
    for (const origin of ["http://evil.example", "http://127.0.0.1:1", "null"]) {
      const headers = { Origin: origin, "X-Forwarded-Host": "evil.example" };
      const error = await refusal(through(front, { headers }));
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ status: 403, body: expect.stringContaining(origin) });
    }
  });

  describe("ends", () => {
    test("of the client's, with code and reason", async () => {
      const client = await through(front);
      const served = await app.arrival();
      void client.close(4001, "bye");
      expect(await served.closed).toMatchObject({
        code: 4001,
        reason: "bye",
        clean: true,
        initiator: "peer",
      });
      expect(await client.closed).toMatchObject({ code: 4001, clean: true });
    });

    test("of the server's, with code and reason", async () => {
      const client = await through(front);
      void (await app.arrival()).close(4002, "enough");
      expect(await client.closed).toMatchObject({
        code: 4002,
        reason: "enough",
        clean: true,
        initiator: "peer",
      });
    });

    test("without a Close, either way", async () => {
      const one = await through(front);
      const served = await app.arrival();
      void one.terminate();
      expect(await served.closed).toMatchObject({ code: 1006, cause: "lost" });
      const other = await through(front);
      void (await app.arrival()).terminate();
      expect(await other.closed).toMatchObject({ code: 1006, cause: "lost" });
    });

    test("of the whole server, with 1001; then nobody is there", async () => {
      const app = await application({ trustProxy });
      const front = await inFrontOf(kind, [app.address, app.address]);
      const clients = [await through(front), await through(front)];
      await app.arrival();
      await app.arrival();
      expect(await app.server.close({ reason: "restarting" })).toMatchObject({
        closed: 2,
        terminated: 0,
        lost: 0,
      });
      for (const client of clients) {
        expect(await client.closed).toMatchObject({ code: 1001, reason: "restarting", clean: true });
      }
      const error = await refusal(through(front));
      expect(error).toBeInstanceOf(HandshakeError);
      expect(error).toMatchObject({ status: kind.unreachable });
    });
  });

  test("TLS at the proxy", async () => {
    const { host } = new URL(front.wss);
    const client = await through(front, { headers: { Origin: `https://${host}` } }, front.wss);
    expect((await app.arrival()).request).toMatchObject({ remoteAddress: CLIENT, secure: told, host });
    await client.close();
  });

  test("plain HTTP", async () => {
    const response = await fetch(`http://127.0.0.1:${front.port}/`);
    expect(await response.text()).toBe("hello");
    expect(app.server.stats().handedOn).toBeGreaterThan(0);
  });
}
