// One connection at a time is being made to a host and port: the next waits until that one is open, or has failed.
import { expect, test } from "vitest";
import { inTurn } from "../../../src/client/whatwg/turns.ts";
import { WebSocket } from "../../../src/client/whatwg/websocket.ts";
import { WebSocketStream } from "../../../src/client/whatwg/websocket-stream.ts";
import { later, next, type Peer, type Place, record, schemes, scripted, serveWith } from "./support.ts";

/** A server that answers when it is told to, and how many have called it. */
async function waiting(scheme: "ws" | "wss" = "ws") {
  const peers: Peer[] = [];
  const callers: ((peer: Peer) => void)[] = [];
  const place = await scripted(scheme, async (peer) => {
    await peer.requested();
    const caller = callers.shift();
    if (caller === undefined) peers.push(peer);
    else caller(peer);
  });
  const caller = (): Promise<Peer> =>
    new Promise((resolve) => {
      const peer = peers.shift();
      if (peer === undefined) callers.push(resolve);
      else resolve(peer);
    });
  return { ...place, caller };
}

function open({ url, options }: Place): WebSocket {
  const ws = new WebSocket(url, options);
  later(() => ws.close());
  return ws;
}

/** Whoever was going to be dialled has been by then. */
async function elsewhere(): Promise<void> {
  await next(open(await serveWith("ws")), "open");
}

test.each(schemes)("over %s the second is dialled once the first is open", async (scheme) => {
  const server = await waiting(scheme);
  const sockets = [open(server), open(server)] as const;
  const first = await server.caller();
  await elsewhere();
  expect(server.connections()).toBe(1);
  first.socket.write(first.answer());
  const second = await server.caller();
  expect(sockets.map((ws) => ws.readyState)).toEqual([WebSocket.OPEN, WebSocket.CONNECTING]);
  second.socket.write(second.answer());
  await next(sockets[1], "open");
});

test("the second is dialled once the first has failed", async () => {
  const server = await waiting();
  const failed = record(open(server));
  const second = open(server);
  (await server.caller()).socket.end("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  const peer = await server.caller();
  expect(await failed.closed).toMatchObject({ code: 1006 });
  peer.socket.write(peer.answer());
  await next(second, "open");
});

test("who gives up while it waits fails at once, is never dialled, and holds nobody up", async () => {
  const server = await waiting();
  const [first, second, third] = [open(server), open(server), open(server)];
  const peer = await server.caller();
  second.close();
  expect(await record(second).closed).toMatchObject({ code: 1006, wasClean: false });
  await elsewhere();
  expect(server.connections()).toBe(1);
  peer.socket.write(peer.answer());
  const last = await server.caller();
  expect(first.readyState).toBe(WebSocket.OPEN);
  last.socket.write(last.answer());
  await next(third, "open");
  expect(server.connections()).toBe(2);
});

test("a WebSocketStream waits for a WebSocket, and its signal does not wait", async () => {
  const server = await waiting();
  open(server);
  const peer = await server.caller();
  const giveUp = new AbortController();
  const given = new WebSocketStream(server.url, { signal: giveUp.signal });
  const stream = new WebSocketStream(server.url);
  later(() => stream.close());
  giveUp.abort(new Error("enough"));
  await expect(given.opened).rejects.toThrow("enough");
  expect(server.connections()).toBe(1);
  peer.socket.write(peer.answer());
  const last = await server.caller();
  last.socket.write(last.answer());
  await stream.opened;
  expect(server.connections()).toBe(2);
});

test("what the program makes a connection of waits for nobody", async () => {
  const made: string[] = [];
  const never = (name: string) => () => {
    made.push(name);
    return new Promise<never>(() => undefined);
  };
  const sockets = ["a", "b"].map(
    (name) => new WebSocket("ws://localhost/", { createConnection: never(name) }),
  );
  const ends = sockets.map((ws) => record(ws).closed);
  await elsewhere();
  expect(made).toEqual(["a", "b"]);
  for (const ws of sockets) ws.close();
  await Promise.all(ends);
});

test("a line is one host and port, whatever the scheme and the path; who has given up has no turn", async () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const { signal } = new AbortController();
  const begin = (url: string, given = signal) =>
    inTurn(new URL(url), given, () => {
      begun.push(url);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const all = [
    begin("ws://one.test:443/a"),
    begin("wss://one.test/b"),
    begin("ws://one.test/"),
    begin("ws://two.test:443/"),
    begin("wss://ONE.test:443/c", AbortSignal.abort()),
  ];
  await elsewhere();
  expect(begun).toEqual([
    "ws://one.test:443/a",
    "ws://one.test/",
    "ws://two.test:443/",
    "wss://ONE.test:443/c",
  ]);
  for (const end of ends) end();
  await all[0];
  await elsewhere();
  expect(begun).toHaveLength(5);
  ends.at(-1)?.();
  await Promise.all(all);
});
