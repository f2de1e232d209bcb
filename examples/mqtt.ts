// An MQTT broker and an MQTT client from npm, over WebSockets: both expect a stream, and toDuplex is one.
import { fileURLToPath } from "node:url";
import { Aedes } from "aedes";
import { connect, refuse, type Server, serve, toDuplex } from "hawser";
import { type IClientOptions, MqttClient } from "mqtt";

/** The name that MQTT has for itself, and its rule that packets travel in binary messages (MQTT 5.0 §6). */
const subprotocol = "mqtt";
const accepts = "binary";

export async function startBroker(port = 8085): Promise<{ server: Server; broker: Aedes }> {
  const broker = await Aedes.createBroker();
  const server = await serve(
    {
      port,
      accepts,
      upgrade: ({ subprotocols }) =>
        subprotocols.includes(subprotocol) ? { subprotocol } : refuse(400, "this is an MQTT broker"),
    },
    async (ws) => {
      broker.handle(toDuplex(ws));
      // A session that returns closes its connection.
      await ws.closed;
    },
  );
  return { server, broker };
}

/** Connects, and again each time the connection was lost. */
export function mqttClient(url: string, options: IClientOptions = {}): MqttClient {
  const client = new MqttClient(
    () => toDuplex(connect(url, { subprotocols: [subprotocol], accepts })),
    options,
  );
  // Why it was lost, or refused; the next attempt follows after options.reconnectPeriod.
  client.on("error", (error) => console.error(error.message));
  return client;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { server } = await startBroker(Number(process.env["PORT"] ?? 8085));
  const client = mqttClient(server.url);
  client.on("message", (topic, payload) => console.log(`${topic}: ${payload.toString()}`));
  await client.subscribeAsync("tea/#");
  await client.publishAsync("tea/green", "is ready", { qos: 1 });
}
