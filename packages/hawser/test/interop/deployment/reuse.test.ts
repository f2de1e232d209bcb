// A proxy that uses its connection to the application again: a plain request first, then one for a WebSocket.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import {
  type AddressInfo,
  createServer as createListener,
  connect as dial,
  type Server,
  type Socket,
} from "node:net";
import { type AnyConnection, serve, upgrade } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { CLIENT, inFrontOf, through } from "./behind.ts";
import { haproxy, nginx } from "./front.ts";

const trustProxy = { from: ["127.0.0.1"], headers: "x-forwarded" } as const;

const echo = async (ws: AnyConnection) => {
  ws.send(`${ws.request.remoteAddress}`);
  for await (const message of ws) ws.send(message);
};

/** Ways in that take both kinds of requests. Each gives what it listens with. */
const ways: Readonly<Record<string, (plain: RequestListener) => Promise<Server>>> = {
  async "upgrade()"(plain) {
    const http = createServer(plain).listen(0, "127.0.0.1");
    const endpoint = upgrade(http, { trustProxy }, echo);
    await once(http, "listening");
    onTestFinished(async () => {
      await endpoint.close({ deadline: 1000 });
      http.close();
      http.closeAllConnections();
    });
    return http;
  },
  async "serve()"(plain) {
    const listener = createListener({ noDelay: true, allowHalfOpen: true }).listen(0, "127.0.0.1");
    const server = await serve({ listener, trustProxy, http: plain }, echo);
    onTestFinished(async () => void (await server.close({ deadline: 1000 })));
    return listener;
  },
};

/** Asks for / on a connection to the proxy, which stays open. */
async function get(socket: Socket): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  let answer = "";
  while (!answer.endsWith("the end")) {
    const [chunk] = await once(socket, "data");
    answer += String(chunk);
  }
  return answer;
}

/** HAProxy's health checks are connections too, and none of the client's. */
const cases = [
  [nginx.name, nginx, {}],
  [haproxy.name, haproxy, { "default-server check ": "default-server " }],
] as const;

describe.each(cases)("%s", (_name, kind, unchecked) => {
  describe.skipIf(!kind.isThere)(kind.isThere ? "there" : `missing; ${kind.install}`, () => {
    test.each(Object.entries(ways))("%s", async (_way, listen) => {
      const carried: (number | undefined)[] = [];
      const opened: (number | undefined)[] = [];
      const listener = await listen((request, response) => {
        carried.push(request.socket.remotePort);
        response.end("the end");
      });
      listener.on("connection", (socket: Socket) => opened.push(socket.remotePort));
      const member = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
      const front = await inFrontOf(kind, [member, member], unchecked);
      const socket = dial({ port: front.port, host: "127.0.0.1", localAddress: CLIENT });
      for (let round = 0; round < 3; round += 1) expect(await get(socket)).toMatch(/^HTTP\/1.1 200 /);
      const client = await through(front, { createConnection: () => socket });
      expect(await client.receive()).toBe(CLIENT);
      client.send("hello");
      expect(await client.receive()).toBe("hello");
      await client.close();
      expect(carried).toHaveLength(3);
      expect(new Set(opened)).toEqual(new Set(carried));
    });
  });
});
