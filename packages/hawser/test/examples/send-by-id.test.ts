// examples/send-by-id.ts
import { connect } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import { runExample } from "./program.ts";

test("a request with an id reaches that connection, in whichever process it is", async () => {
  const { url } = await runExample("send-by-id.ts");
  const clients = [await connect(url), await connect(url)];
  onTestFinished(async () => void (await Promise.all(clients.map((ws) => ws.terminate()))));
  const ids = [String(await clients[0]?.receive()), String(await clients[1]?.receive())];
  expect(new Set(ids.map((id) => id.split("-")[0])).size).toBe(2);
  const post = (path: string, body: string) =>
    fetch(`${url.replace("ws:", "http:")}${path}`, {
      method: "POST",
      body,
      headers: { connection: "close" },
    });
  for (const [index, id] of ids.entries()) {
    expect(await (await post(`/send/${id}`, `to ${id}`)).text()).toBe("sent\n");
    expect(await clients[index]?.receive()).toBe(`to ${id}`);
  }
  await clients[0]?.close();
  expect((await post(`/send/${ids[0]}`, "too late")).status).toBe(410);
  expect((await post("/elsewhere", "")).status).toBe(404);
});
