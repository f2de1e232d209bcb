// The demo's WebSocket endpoints, over the sources, with a client that is not ours.
import type { Server } from "hawser";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startDemo } from "../../src/demo/demo.ts";
import { type Client, connect } from "../support/client.ts";

let server: Server;

beforeEach(async () => {
  server = await startDemo({ host: "127.0.0.1", port: 0 });
});

afterEach(async () => {
  for (const connection of server.connections) void connection.terminate();
  await server.close();
});

const join = (room: string) => connect(`${server.url}/chat/${room}`);

/** The number in "guest 3 came in, 1 here". */
const nameOf = async (client: Client) => /^guest \d+/.exec(String(await client.next()))?.[0];

test("echo sends back what it gets: text as text, binary as binary, up to 16 MiB", async () => {
  const client = await connect(`${server.url}/echo`);
  client.send("Grüße");
  client.send("");
  client.send(new Uint8Array([0, 255, 1]));
  expect([await client.next(), await client.next(), await client.next()]).toEqual([
    "Grüße",
    "",
    Buffer.from([0, 255, 1]),
  ]);
  const large = Buffer.alloc(16 * 1024 * 1024, "hawser");
  client.send(large);
  expect(large.equals(await client.next().then(Buffer.from))).toBe(true);
  client.send(Buffer.alloc(large.length + 1));
  expect((await client.closed).code).toBe(1009);
});

test("meow greets, answers each text, and takes nothing else", async () => {
  const client = await connect(`${server.url}/meow`);
  expect(await client.next()).toBe("滴水之恩当以涌泉相报");
  client.send("fish");
  client.send("");
  expect([await client.next(), await client.next()]).toEqual(["fish, MEOW!", ", MEOW!"]);
  client.send(Buffer.from("fish"));
  expect((await client.closed).code).toBe(1003);
});

describe("chat", () => {
  test("tells everybody in the room, and nobody elsewhere, who comes, speaks and leaves", async () => {
    const ann = await join("harbour");
    const annName = await nameOf(ann);
    const bob = await join("harbour");
    const bobName = await nameOf(bob);
    expect(bobName).not.toBe(annName);
    expect(await ann.next()).toBe(`${bobName} came in, 2 here`);
    const eve = await join("attic");
    await nameOf(eve);

    ann.send("ahoy");
    expect([await ann.next(), await bob.next()]).toEqual(Array(2).fill(`${annName}: ahoy`));
    ann.socket.close();
    expect(await bob.next()).toBe(`${annName} left, 1 here`);
    eve.send("only me");
    expect(await eve.next()).toMatch(/^guest \d+: only me$/);
  });

  test("a room is named with letters of any script; other names are refused with 400", async () => {
    const client = await join(encodeURIComponent("hafen für 猫 2.0"));
    expect(await client.next()).toMatch(/came in, 1 here$/);
    for (const name of ["%0a", "a%2Fb", "%3Cb%3E", ".", "x".repeat(33), "%E2%80%AE"]) {
      await expect(join(name), name).rejects.toThrow(name === "." ? "404" : "400");
    }
  });

  test("a line that is too long is not passed on", async () => {
    const client = await join("a");
    await client.next();
    client.send("x".repeat(2001));
    expect(await client.next()).toMatch(/^\(not passed on: .* 2000 characters\)$/);
  });

  test("a room takes 20, and the place of one who left", async () => {
    const members = await Promise.all(Array.from({ length: 20 }, () => join("a")));
    const late = await join("a");
    expect(await late.closed).toEqual({ code: 1013, reason: "the room is full" });
    members[0]?.socket.close();
    await members[0]?.closed;
    const next = await join("a");
    expect(await next.next()).toMatch(/came in, 20 here$/);
  });

  test("there are 50 rooms, and a new one when one is empty", async () => {
    const first = await join("room 0");
    for (let room = 1; room < 50; room++) await join(`room ${room}`);
    const late = await join("room 50");
    expect(await late.closed).toEqual({ code: 1013, reason: "there are enough rooms" });
    // Who is in a room already has company, though.
    expect(await (await join("room 1")).next()).toMatch(/came in, 2 here$/);
    first.socket.close();
    await first.closed;
    expect(await (await join("room 50")).next()).toMatch(/came in, 1 here$/);
  });
});
