// MQTT over toDuplex: aedes as the broker behind our server; npm's mqtt over its own WebSocket, and over our connect.
import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Aedes } from "aedes";
import type { CloseReport, Server } from "hawser";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { mqttClient, startBroker } from "../../../../examples/mqtt.ts";
import { filler } from "../support/bytes.ts";

interface Running {
  readonly server: Server;
  readonly broker: Aedes;
  /** A client that is connected. */
  client(options?: IClientOptions): Promise<MqttClient>;
}

type Dial = (url: string, options: IClientOptions) => MqttClient;

async function start(dial: Dial): Promise<Running> {
  // The example tells of errors.
  vi.spyOn(console, "error").mockReturnValue();
  const { server, broker } = await startBroker(0);
  const clients: MqttClient[] = [];
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    await new Promise<void>((closed) => broker.close(closed));
    await server.close();
  });
  return {
    server,
    broker,
    async client(options = {}) {
      // By name: mqtt mistakes the address of a URL like ws://[::1]:80.
      const client = dial(`ws://localhost:${server.port}`, { reconnectPeriod: 1, ...options });
      clients.push(client);
      await next(client, "connect");
      return client;
    },
  };
}

function next(client: MqttClient, event: "connect" | "close"): Promise<void> {
  return new Promise((happened) => {
    client.once(event, () => happened());
  });
}

/** The next so many messages that a client hears. */
function hears(client: MqttClient, count = 1): Promise<[topic: string, payload: Buffer][]> {
  return new Promise((heard) => {
    const messages: [string, Buffer][] = [];
    client.on("message", (topic, payload) => {
      messages.push([topic, payload]);
      if (messages.length === count) heard(messages);
    });
  });
}

/** The close reports of all connections that are open now. */
function ends(server: Server): Promise<CloseReport[]> {
  return Promise.all([...server.connections].map((ws) => ws.closed));
}

describe.each<[string, Dial]>([
  ["mqtt over its own WebSocket", (url, options) => connect(url, options)],
  ["mqtt over connect", mqttClient],
])("%s", (_, dial) => {
  test("publishes and hears, at each quality of service", async () => {
    const { client } = await start(dial);
    const [one, other] = [await client(), await client()];
    await other.subscribeAsync("tea/+", { qos: 2 });
    for (const qos of [0, 1, 2] as const) {
      const heard = hears(other);
      await one.publishAsync(`tea/${qos}`, `é${qos}`, { qos });
      expect((await heard).map(([topic, payload]) => `${topic} ${payload.toString()}`)).toEqual([
        `tea/${qos} é${qos}`,
      ]);
    }
  });

  test("a large payload, there and back", async () => {
    const { client, server } = await start(dial);
    const one = await client();
    await one.subscribeAsync("big", { qos: 1 });
    const heard = hears(one);
    const payload = filler(200_000);
    await one.publishAsync("big", payload, { qos: 1 });
    const [[topic, back] = []] = await heard;
    expect(topic).toBe("big");
    expect(back && Buffer.compare(back, payload)).toBe(0);
    expect(server.size).toBe(1);
  });

  test("several clients, and many messages in order", async () => {
    const { client, server } = await start(dial);
    const clients = await Promise.all(Array.from({ length: 5 }, () => client()));
    expect(server.size).toBe(5);
    for (const one of clients) await one.subscribeAsync("all");
    const heard = Promise.all(clients.map((one) => hears(one, 100)));
    for (let index = 0; index < 100; index += 1) clients[0]?.publish("all", `${index} ${"x".repeat(1000)}`);
    for (const messages of await heard) {
      expect(messages.map(([, payload]) => Number.parseInt(payload.toString(), 10))).toEqual([
        ...messages.keys(),
      ]);
    }
  });

  test.each<[string, (server: Server) => void]>([
    ["closed it", (server) => [...server.connections].map((ws) => ws.close(1001))],
    ["dropped it", (server) => [...server.connections].map((ws) => ws.terminate())],
  ])("comes back after the server %s, and hears what it had subscribed to", async (_, end) => {
    const { client, server, broker } = await start(dial);
    const one = await client({ clientId: "one" });
    await one.subscribeAsync("tea", { qos: 1 });
    const again = next(one, "connect");
    const subscribed = once(broker, "subscribe");
    end(server);
    await again;
    await subscribed;
    const heard = hears(one);
    await one.publishAsync("tea", "is ready", { qos: 1 });
    expect((await heard).map(([, payload]) => payload.toString())).toEqual(["is ready"]);
    expect(server.size).toBe(1);
  });

  test("a client that ends leaves nothing behind, and no last will", async () => {
    const { client, server, broker } = await start(dial);
    const one = await client({ will: { topic: "will", payload: Buffer.from("one is gone") } });
    const wills: unknown[] = [];
    broker.on("publish", ({ topic }) => topic === "will" && wills.push(topic));
    const [ended, gone] = [ends(server), once(broker, "clientDisconnect")];
    await one.endAsync();
    await gone;
    // By the client's Close, or by the broker, which destroys the stream when it reads that the client takes its leave.
    expect(["close", "terminated"]).toContain((await ended)[0]?.cause);
    expect(server.size).toBe(0);
    expect(broker.connectedClients).toBe(0);
    expect(wills).toEqual([]);
  });

  test("a client whose stream is destroyed is lost to the broker, which publishes its last will", async () => {
    const { client, server } = await start(dial);
    const [one, other] = [
      await client({ will: { topic: "will", payload: Buffer.from("one is gone") }, reconnectPeriod: 0 }),
      await client(),
    ];
    await other.subscribeAsync("will");
    const heard = hears(other);
    (one.stream as Duplex).destroy();
    expect((await heard).map(([, payload]) => payload.toString())).toEqual(["one is gone"]);
    expect(server.size).toBe(1);
  });
});
