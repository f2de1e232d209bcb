// Diagnostics channels: what each carries, and that nothing is made of it when nobody listens.
import { type Channel, channel, subscribe, unsubscribe } from "node:diagnostics_channel";
import { defineHandler, run } from "hawser";
import { afterEach, describe, expect, test, vi } from "vitest";
import { pairOf, turns } from "./support.ts";

const subscriptions: (() => void)[] = [];
afterEach(() => {
  for (const stop of subscriptions.splice(0)) stop();
});

/** What is published from now on. */
function heard(name: string): unknown[] {
  const published: unknown[] = [];
  const listener = (message: unknown) => void published.push(message);
  subscribe(name, listener);
  subscriptions.push(() => unsubscribe(name, listener));
  return published;
}

describe("channels", () => {
  test("hawser:connection:open", () => {
    const opened = heard("hawser:connection:open");
    const { server, client } = pairOf();
    expect(opened).toEqual([{ connection: server }, { connection: client }]);
  });

  test("hawser:connection:message, as it comes, before anybody takes it", async () => {
    const messages = heard("hawser:connection:message");
    const { server, client } = pairOf();
    client.send("text");
    client.send(new Uint8Array([1]));
    await turns();
    server.messages();
    client.send("piece");
    await turns();
    expect(messages).toEqual([
      { connection: server, message: "text" },
      { connection: server, message: new Uint8Array([1]) },
      {
        connection: server,
        message: { kind: "text", bytes: new Uint8Array(Buffer.from("piece")), final: true },
      },
    ]);
  });

  test("hawser:connection:close, once each, with the report", async () => {
    const closed = heard("hawser:connection:close");
    const { server, client } = pairOf();
    void server.close();
    await Promise.all([server.closed, client.closed]);
    await turns();
    expect(closed).toHaveLength(2);
    expect(closed).toContainEqual({ connection: server, report: await server.closed });
    expect(closed).toContainEqual({ connection: client, report: await client.closed });
  });

  test("hawser:handler:fault", async () => {
    const faults = heard("hawser:handler:fault");
    const { server } = pairOf();
    const error = new Error("ours");
    await run(
      server,
      () => {
        throw error;
      },
      { onError: () => undefined },
    );
    expect(faults).toEqual([{ connection: server, error }]);
  });

  test("are free when unused: nothing is published", async () => {
    const names = ["connection:open", "connection:message", "connection:close", "handler:fault"];
    const spies = names.map((name) => {
      const found: Channel = channel(`hawser:${name}`);
      expect(found.hasSubscribers).toBe(false);
      return vi.spyOn(found, "publish");
    });
    const { server, client } = pairOf();
    client.send("x");
    await run(
      server,
      defineHandler({
        message() {
          throw new Error("ours");
        },
      }),
      { onError: () => undefined },
    );
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });
});
