// Several applications behind nginx and HAProxy: who gets a client, and what happens to those that are connected.
import { type Connection, HandshakeError, refuse, type ServeOptions } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { start } from "../../../../../examples/deployment/server.ts";
import { eventually } from "../../serve/support/guard.ts";
import { application, CLIENT, inFrontOf, onUnixSocket, refusal, through } from "./behind.ts";
import { type Changes, type Front, haproxy, nginx } from "./front.ts";

/** What the configurations of the two have different words for. */
const words: Readonly<Record<string, { unix: string; fewClients: Changes; impatient: Changes }>> = {
  nginx: {
    unix: "unix:",
    fewClients: { "clients 100;": "clients 2;" },
    impatient: { "proxy_read_timeout 60s;": "proxy_read_timeout 1s;" },
  },
  HAProxy: {
    unix: "unix@",
    fewClients: { "gt 100": "gt 2" },
    impatient: { "timeout tunnel 60s": "timeout tunnel 1s" },
  },
};

/** For what a proxy does in its own time. */
const patience = { timeout: 8000, interval: 20 };

async function echoes(client: Connection): Promise<void> {
  client.send("still here?");
  expect(await client.receive()).toBe("still here?");
}

describe.each([nginx, haproxy].map((kind) => [kind.name, kind] as const))("%s", (name, kind) => {
  const { unix = "", fewClients = {}, impatient = {} } = words[name] ?? {};

  describe.skipIf(!kind.isThere)(kind.isThere ? "there" : `missing; ${kind.install}`, () => {
    const two = async (options: ServeOptions = {}, others: ServeOptions = options) => {
      const [one, other] = [await application(options), await application(others)];
      return { one, other, front: await inFrontOf(kind, [one.address, other.address]) };
    };

    const clients = async (count: number, front: Front) => {
      const opened: Connection[] = [];
      while (opened.length < count) opened.push(await through(front));
      return opened;
    };

    test("who has fewer connections gets the next", async () => {
      const { one, other, front } = await two();
      await clients(10, front);
      expect([one.server.size, other.server.size]).toEqual([5, 5]);
      const leaving = [...one.server.connections].slice(0, 4);
      await Promise.all(leaving.map((served) => served.close()));
      await clients(4, front);
      // In turn it would be 3 and 7. A proxy may hear of the last end a little later than the server.
      expect(one.server.size).toBeGreaterThanOrEqual(4);
      expect(one.server.size + other.server.size).toBe(10);
    });

    test("no client is lost when one of them closes", async () => {
      const { one, other, front } = await two();
      const opened = await clients(4, front);
      await one.server.close();
      const ended = () => opened.filter((client) => client.phase === "closed");
      await eventually(() => ended().length === 2, "the end of two connections");
      for (const client of ended()) expect(await client.closed).toMatchObject({ code: 1001, clean: true });
      await clients(6, front);
      expect(other.server.size).toBe(8);
    });

    test("who is full sends the client on", async () => {
      const { one, other, front } = await two({ limits: { connections: 1 } }, {});
      await clients(6, front);
      expect(one.server.size + other.server.size).toBe(6);
      expect(other.server.size).toBeGreaterThanOrEqual(5);
    });

    test("when all refuse, the client hears when to come back", async () => {
      const upgrade = () => refuse(503, "not now", { "Retry-After": "7" });
      const { front } = await two({
        resources: { "/": { upgrade, open: () => undefined } },
      });
      for (let round = 0; round < 3; round += 1) {
        const error = await refusal(through(front));
        expect(error).toBeInstanceOf(HandshakeError);
        expect(error).toMatchObject({ status: 503, body: "not now" });
        expect((error as HandshakeError).headers?.get("retry-after")).toBe("7");
      }
    });

    test("over Unix sockets", async () => {
      const { app, path } = await onUnixSocket({ trustProxy: { from: ["unix"], headers: "x-forwarded" } });
      const front = await inFrontOf(kind, [unix + path, unix + path]);
      const own = `127.0.0.1:${front.port}`;
      const client = await through(front, { headers: { Origin: `http://${own}` } });
      expect((await app.arrival()).request).toMatchObject({ remoteAddress: CLIENT, host: own });
      await echoes(client);
    });

    test("a reload moves new clients to other members, and leaves the old ones where they are", async () => {
      const { one, other, front } = await two();
      const old = await through(front);
      const fresh = await application();
      front.reload([fresh.address, fresh.address]);
      // Until it has, new ones go where they went; none is refused.
      const moved = async () => {
        const client = await through(front);
        await echoes(client);
        await client.close();
        return fresh.server.stats().accepted;
      };
      await expect.poll(moved, patience).toBe(1);
      await echoes(old);
      expect(one.server.size + other.server.size).toBe(1);
    });

    test("one address may have so many connections, and no more", async () => {
      const app = await application();
      const front = await inFrontOf(kind, [app.address, app.address], fewClients);
      const [first] = await clients(2, front);
      expect(await refusal(through(front))).toMatchObject({ status: 429 });
      const other = await through(front, { network: { localAddress: "127.0.0.3" } });
      await echoes(other);
      await first?.close();
      await eventually(() => app.server.size === 2, "a connection less");
      await expect.poll(() => through(front), patience).toMatchObject({ phase: "open" });
    });

    test("what says nothing for longer than the proxy waits is cut, and pings are enough", async () => {
      const never = { timeouts: { keepalive: Number.POSITIVE_INFINITY } };
      const silent = await application(never);
      const pinging = await application({ timeouts: { keepalive: 100 } });
      const front = await inFrontOf(kind, [silent.address, pinging.address], impatient);
      const opened = [await through(front, never), await through(front, never)];
      // Twice, so that the other one has been there for two seconds in the end.
      for (let round = 0; round < 2; round += 1) {
        const served = await silent.arrival();
        const cut = await Promise.race(opened.map(({ closed }) => closed));
        expect(cut).toMatchObject({ code: 1006, cause: "lost" });
        expect(await served.closed).toMatchObject({ code: 1006, cause: "lost" });
        expect(pinging.server.size).toBe(1);
        opened.splice(0, 2, ...opened.filter(({ phase }) => phase === "open"), await through(front, never));
      }
      const [survivor] = opened;
      if (survivor !== undefined) await echoes(survivor);
      expect(pinging.server.stats().accepted).toBe(1);
    });
  });
});

test.skipIf(!haproxy.isThere)("HAProxy sends nobody more to an application that says it leaves", async () => {
  const { server, leave } = await start(0);
  onTestFinished(async () => void (await server.close({ deadline: 1000 })));
  const other = await application();
  const front = await inFrontOf(haproxy, [`127.0.0.1:${server.port}`, other.address], {
    "inter 2s": "inter 50ms",
  });
  const opened: Connection[] = [];
  await expect
    .poll(async () => {
      opened.push(await through(front));
      return server.size;
    }, patience)
    .toBe(1);
  let notice: (() => void) | undefined;
  const noticed = new Promise<void>((resolve) => {
    notice = resolve;
  });
  const left = leave(noticed);
  // It would be the leaving one's turn each time.
  const elsewhere = async () => {
    const before = other.server.size;
    opened.push(await through(front));
    return other.server.size > before && other.server.size > server.size + 1;
  };
  await expect.poll(elsewhere, patience).toBe(true);
  notice?.();
  expect(await left).toMatchObject({ terminated: 0, lost: 0 });
  opened.push(await through(front));
  expect(other.server.size).toBe(opened.filter(({ phase }) => phase === "open").length);
});
