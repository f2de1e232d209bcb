// The outbox of a WebSocket: the order of what is sent behind a Blob, however much that is.
import { expect, test } from "vitest";
import { Outbox } from "../../../src/client/whatwg/outbox.ts";

test("a hundred thousand messages behind a Blob, and more behind those, go out in order and in no time to speak of", async () => {
  const delivered: (string | Uint8Array)[] = [];
  const outbox = new Outbox({
    deliver(data) {
      delivered.push(data);
      // While the outbox is at work: it has to go behind all that waits.
      if (data === "0") outbox.send("last", 4);
    },
    unreadable: (error) => delivered.push(String(error)),
  });
  const sent = Array.from({ length: 100_000 }, (_, index) => `${index}`);
  outbox.send(new Blob(["x"]), 1);
  for (const message of sent) outbox.send(message, message.length);
  await new Promise<void>((resolve) => outbox.afterwards(resolve));
  await new Promise<void>((resolve) => outbox.afterwards(resolve));
  expect(delivered.length).toBe(sent.length + 2);
  expect(delivered.slice(1)).toEqual([...sent, "last"]);
});
