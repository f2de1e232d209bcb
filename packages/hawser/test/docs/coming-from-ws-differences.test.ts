// What "Coming from ws" says differs: both are asked, and each answers as the page has it.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ConnectionClosedError, connect, type Handler, type ServeOptions, serve, toDuplex } from "hawser";
import { describe, expect, test, vi } from "vitest";
import { createWebSocketStream, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { buildFrame, KEY, masked } from "../support/frames.ts";
import { RawClient, REQUEST } from "../support/raw-client.ts";
import { dial, hawserPair, peerServer, refusalOf, urlOf, wsPair } from "./coming-from-ws-support.ts";
import { root } from "./support.ts";

const port = 0;
const portOf = (url: string) => Number(new URL(url).port);

/** Two echo servers. */
async function echoes(
  options: { ws?: ServerOptions; hawser?: Partial<ServeOptions> } = {},
  handler: Handler = {},
): Promise<{ ws: string; hawser: string }> {
  const server = new WebSocketServer({ port, ...options.ws });
  server.on("connection", (ws) => {
    ws.on("error", () => undefined);
    ws.on("message", (data, binary) => ws.send(data, { binary }));
  });
  const ours = await serve(
    { port, ...options.hawser },
    { message: (ws, message) => ws.send(message), ...handler },
  );
  return { ws: await urlOf(server), hawser: await urlOf(ours) };
}

/** The status line of the answer to a request. */
async function answerTo(url: string, request: string): Promise<string> {
  const client = await RawClient.dial(portOf(url));
  client.socket.write(request);
  const [line = ""] = (await client.readHead()).split("\r\n");
  client.socket.destroy();
  return line;
}

describe("handshakes", () => {
  test("a page from elsewhere, and an older version of the protocol", async () => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { ws, hawser } = await echoes();
    const foreign = { headers: { Origin: "https://elsewhere.example" } };
    expect([await refusalOf(ws, foreign), await refusalOf(hawser, foreign)]).toEqual([undefined, 403]);
    const draft = REQUEST.toString().replace("Version: 13", "Version: 8");
    expect(await answerTo(ws, draft)).toContain(" 101 ");
    expect(await answerTo(hawser, draft)).toContain(" 426 ");
  });

  test("the first subprotocol is chosen, or none", async () => {
    const { ws, hawser } = await echoes();
    const offer = { subprotocols: ["a", "b"] };
    expect((await dial(ws, offer)).subprotocol).toBe("a");
    // And the client of ws takes none for an error, where that of Hawser does not.
    expect(await refusalOf(hawser, offer)).toBe("Server sent no subprotocol");
    const client = await connect(hawser, offer);
    expect(client.subprotocol).toBe("");
    await client.close();
  });

  test("what the clients offer and take", async () => {
    const offers: unknown[] = [];
    const server = new WebSocketServer({ port });
    server.on("connection", (_ws, { headers }) => offers.push(headers["sec-websocket-extensions"]));
    const url = await urlOf(server);
    await dial(url);
    await (await connect(url)).close();
    expect(offers).toEqual(["permessage-deflate; client_max_window_bits", undefined]);
    await dial(url.replace("ws:", "http:"));
    await expect(connect(url.replace("ws:", "http:"))).rejects.toThrow(TypeError);
  });

  test("what is no request for a WebSocket gets 426", async () => {
    const { ws, hawser } = await echoes();
    for (const url of [ws, hawser]) expect((await fetch(url.replace("ws:", "http:"))).status).toBe(426);
  });
});

describe("messages", () => {
  test("a length that is not in its shortest form", async () => {
    const { ws, hawser } = await echoes();
    const frame = buildFrame({ opcode: 1, payload: "a", form: 16, mask: KEY });
    const answers = [ws, hawser].map(async (url) => {
      const client = await RawClient.open(portOf(url));
      await client.send(frame);
      const answer = await client.frame();
      client.socket.destroy();
      return answer?.payload.toString("latin1");
    });
    const notMinimal = "\x03\xeathe length is not in its shortest form";
    expect(await Promise.all(answers)).toEqual(["a", expect.stringContaining(notMinimal)]);
  });

  test("text comes as a Buffer, or as a string", async () => {
    const theirs = await wsPair();
    const ours = await hawserPair();
    for (const { peer } of [theirs, ours]) void peer.send("hello");
    const [data] = await once(theirs.ws, "message");
    expect([data, await ours.ws.receive()]).toEqual([Buffer.from("hello"), "hello"]);
  });

  test("without a listener they are lost, or wait", async () => {
    const theirs = await wsPair();
    const ours = await hawserPair();
    for (const { peer } of [theirs, ours]) {
      await peer.send("early");
      await peer.ping("all before this has come");
    }
    const next = once(theirs.ws, "message");
    for (const { peer } of [theirs, ours]) await peer.send("late");
    expect([String((await next)[0]), await ours.ws.receive()]).toEqual(["late", "early"]);
  });

  test("asynchronous listeners run at the same time, hooks one after the other", async () => {
    let running = 0;
    let most = 0;
    const work = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
    };
    const server = new WebSocketServer({ port });
    server.on("connection", (ws) => ws.on("message", () => void work()));
    const hooks = await serve({ port }, { message: work });
    const found: number[] = [];
    for (const url of [await urlOf(server), await urlOf(hooks)]) {
      most = 0;
      const client = await RawClient.open(portOf(url));
      await client.send(Buffer.concat([masked.text("a"), masked.text("b"), masked.close(1000)]));
      await client.framesToEnd();
      client.socket.destroy();
      found.push(most);
    }
    expect(found).toEqual([2, 1]);
  });

  test("what may be sent", async () => {
    const theirs = await wsPair();
    const ours = await hawserPair();
    for (const { ws } of [theirs, ours]) {
      const send = ws.send.bind(ws) as (data: unknown) => unknown;
      if (ws instanceof WebSocket) {
        for (const data of [42, new Blob(["a"]), null]) send(data);
      } else {
        for (const data of [42, new Blob(["a"]), null]) expect(() => send(data)).toThrow(TypeError);
      }
    }
    const sent = [await theirs.peer.receive(), await theirs.peer.receive(), await theirs.peer.receive()];
    expect(sent).toEqual(["42", Buffer.from("a"), Buffer.alloc(0)]);
  });

  test("sending when it is over", async () => {
    const theirs = await wsPair();
    const ours = await hawserPair();
    await Promise.all([once(theirs.ws, "close"), ours.ws.closed, theirs.peer.drop(), ours.peer.drop()]);
    const error = await new Promise((told) => theirs.ws.send("late", told));
    expect(error).toMatchObject({ message: "WebSocket is not open: readyState 3 (CLOSED)" });
    expect(ours.ws.send("late")).toBe(false);
    const client = new WebSocket(await peerServer());
    client.on("error", () => undefined);
    expect(() => client.send("early")).toThrow("readyState 0 (CONNECTING)");
    client.terminate();
  });
});

describe("ends", () => {
  test("close() without a code", async () => {
    const [theirs, ours] = [await wsPair(), await hawserPair()];
    for (const { ws } of [theirs, ours]) void ws.close();
    expect([(await theirs.peer.closed()).code, (await ours.peer.closed()).code]).toEqual([1005, 1000]);
  });

  test("the code of a connection that was failed here", async () => {
    const codes: number[] = [];
    const { ws, hawser } = await echoes({}, { close: (_ws, { code }) => codes.push(code) });
    const theirs = new WebSocketServer({ port });
    theirs.on("connection", (end) => {
      end.on("error", () => undefined);
      end.on("close", (code) => codes.push(code));
    });
    expect(ws).not.toBe(hawser);
    for (const url of [await urlOf(theirs), hawser]) {
      const client = await RawClient.open(portOf(url));
      await client.send(buildFrame({ opcode: 3, mask: KEY }));
      await client.framesToEnd();
      await client.hangUp();
    }
    await expect.poll(() => codes).toEqual([1006, 1002]);
  });

  test("a stream over a connection that was cut", async () => {
    const [theirs, ours] = [await wsPair(), await hawserPair()];
    const streams = [createWebSocketStream(theirs.ws), toDuplex(ours.ws)];
    const ends = streams.map(
      (stream) =>
        new Promise((resolve) => {
          stream.on("end", () => resolve("end")).on("error", resolve);
          stream.resume();
        }),
    );
    await Promise.all([theirs.peer.drop(), ours.peer.drop()]);
    expect(await Promise.all(ends)).toEqual(["end", expect.any(ConnectionClosedError)]);
  });

  test("server.close() leaves connections alone, or closes them", async () => {
    const server = new WebSocketServer({ port });
    const peer = await dial(await urlOf(server));
    server.close();
    const [end] = server.clients;
    expect(end?.readyState).toBe(WebSocket.OPEN);
    const ours = await serve({ port }, { open: (ws) => ws.send("hello") });
    const other = await dial(await urlOf(ours));
    expect(await ours.close()).toEqual({ closed: 1, terminated: 0, lost: 0 });
    expect((await other.closed()).code).toBe(1001);
    await peer.drop();
  });

  test("a handler that throws ends its connection", async () => {
    const faults: unknown[] = [];
    const { hawser } = await echoes(
      { hawser: { onError: (error) => faults.push(error) } },
      {
        message() {
          throw new Error("of the application");
        },
      },
    );
    const peer = await dial(hawser);
    await peer.send("anything");
    expect((await peer.closed()).code).toBe(1011);
    expect(faults).toEqual([new Error("of the application")]);
  });

  // What ends the process has to be asked in another one.
  test.each([
    ["a listener that throws", 'ws.on("message", () => { throw new Error("thrown"); });', "thrown"],
    ["a peer's mistake without a listener for it", "", "WS_ERR_UNEXPECTED_RSV_2_3"],
  ])("%s ends the process of a server of ws", (_, listening, told) => {
    const script = `
      import { connect } from "node:net";
      import { WebSocketServer } from "ws";
      const server = new WebSocketServer({ port: 0 }, () => {
        const socket = connect(server.address().port, "127.0.0.1");
        socket.write(${JSON.stringify(REQUEST.toString())});
        socket.write(Buffer.from("818100000000${"61"}b18000000000", "hex"));
      });
      server.on("connection", (ws) => { ${listening} });
    `;
    const run = () =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        cwd: join(root, "packages/hawser"),
        stdio: "pipe",
        timeout: 10_000,
      });
    expect(run).toThrow(told);
  });
});
