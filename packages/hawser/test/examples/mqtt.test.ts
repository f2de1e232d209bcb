// examples/mqtt.ts
import { expect, onTestFinished, test } from "vitest";
import { mqttClient, startBroker } from "../../../../examples/mqtt.ts";
import { openWs } from "./support.ts";

async function broker(): Promise<string> {
  const { server, broker } = await startBroker(0);
  onTestFinished(async () => {
    await new Promise<void>((done) => broker.close(done));
    await server.close();
  });
  return server.url;
}

test("the client hears what it publishes", async () => {
  const client = mqttClient(await broker());
  await client.subscribeAsync("tea/#");
  const heard = new Promise<string[]>((resolve) => {
    client.once("message", (topic, payload) => resolve([topic, payload.toString()]));
  });
  await client.publishAsync("tea/green", "is ready", { qos: 1 });
  expect(await heard).toEqual(["tea/green", "is ready"]);
  await client.endAsync();
});

test("who speaks something else is refused, or closed with 1003", async () => {
  const url = await broker();
  await expect(openWs(url, ["chat.v1"])).rejects.toThrow("400");
  const client = await openWs(url, ["mqtt"]);
  client.send("hello?");
  expect((await client.ended).code).toBe(1003);
});
