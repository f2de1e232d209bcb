// Plain HTTP on serve's port, under TLS and without.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  Agent as HttpAgent,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Server, serve } from "hawser";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { masked, plain } from "../support/frames.ts";
import { RawClient, REQUEST } from "../support/raw-client.ts";

/** What is asked, and what was answered. */
interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  /** Of the client's end: equal ports, one connection. */
  readonly localPort: number | undefined;
}

const tls = certificateFor("localhost");

describe.each([
  ["without TLS", undefined],
  ["over TLS", tls],
])("%s", (_what, tls) => {
  let server: Server;
  beforeAll(async () => {
    server = await serve(
      {
        port: 0,
        host: "127.0.0.1",
        tls,
        async http(request, response) {
          const hash = createHash("sha1");
          let length = 0;
          for await (const chunk of request) {
            hash.update(chunk);
            length += chunk.length;
          }
          response.setHeader("X-Length", length);
          response.end(`${request.method} ${request.url} ${hash.digest("hex")}`);
        },
      },
      async (ws) => {
        for await (const message of ws) ws.send(message);
      },
    );
  });
  afterAll(() => server.close());

  const sha1 = (body: Uint8Array | string) => createHash("sha1").update(body).digest("hex");

  const connect = async (): Promise<Socket> => {
    const place = { port: server.port, host: "127.0.0.1" };
    const socket = tls ? connectTls({ ...place, rejectUnauthorized: false }) : connectPlain(place);
    await once(socket, tls ? "secureConnect" : "connect");
    onTestFinished(() => {
      socket.destroy();
    });
    return socket;
  };

  const ask = async (options: RequestOptions, body?: Uint8Array): Promise<Answer> => {
    const place = { port: server.port, host: "127.0.0.1", ...options };
    const request = tls ? requestHttps({ ...place, rejectUnauthorized: false }) : requestHttp(place);
    request.end(body);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const localPort = request.socket?.localPort;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return { status: response.statusCode, body: Buffer.concat(chunks).toString(), localPort };
  };

  const keepAlive = () => {
    const agent = tls
      ? new HttpsAgent({ keepAlive: true, maxSockets: 1 })
      : new HttpAgent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    return agent;
  };

  test("GET", async () => {
    const handedOn = server.stats().handedOn;
    expect(await ask({ path: "/a?b" })).toMatchObject({ status: 200, body: `GET /a?b ${sha1("")}` });
    expect(server.stats().handedOn).toBe(handedOn + 1);
  });

  test("several requests on one kept-alive connection", async () => {
    const agent = keepAlive();
    const answers: Answer[] = [];
    for (const path of ["/1", "/2", "/3"]) answers.push(await ask({ path, agent }));
    expect(answers.map(({ body }) => body.split(" ")[1])).toEqual(["/1", "/2", "/3"]);
    expect(new Set(answers.map(({ localPort }) => localPort)).size).toBe(1);
  });

  test("a POST of 10 MB", async () => {
    const body = Buffer.alloc(10_000_000, "滴水之恩");
    expect((await ask({ method: "POST", path: "/big" }, body)).body).toBe(`POST /big ${sha1(body)}`);
  });

  test("pipelined requests, and a head in small chops", async () => {
    const socket = await connect();
    const client = new RawClient(socket);
    const request = (path: string, last = false) =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\n${last ? "Connection: close\r\n" : ""}\r\n`;
    await client.send(Buffer.from(request("/1") + request("/2") + request("/3", true)), 7);
    const answers: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const head = await client.readHead();
      answers.push((await client.bytes(Number(/content-length: (\d+)/i.exec(head)?.[1]))).toString());
    }
    expect(answers).toEqual(["/1", "/2", "/3"].map((path) => `GET ${path} ${sha1("")}`));
  });

  test("a WebSocket with the second request of a kept-alive connection, a frame right behind it", async () => {
    const client = new RawClient(await connect());
    await client.send(Buffer.from("GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const head = await client.readHead();
    expect(head).toMatch(/^HTTP\/1\.1 200 /);
    await client.bytes(Number(/content-length: (\d+)/i.exec(head)?.[1]));
    await client.send(Buffer.concat([REQUEST, masked.text("Hello"), masked.text("there")]));
    expect(await client.readHead()).toMatch(/^HTTP\/1\.1 101 /);
    expect((await client.frames(2)).map(({ payload }) => payload.toString())).toEqual(["Hello", "there"]);
    expect(server.size).toBe(1);
    await client.send(masked.close(1000));
    expect((await client.framesToEnd()).map(({ opcode }) => opcode)).toEqual([8]);
    await client.hangUp();
  });

  test("a WebSocket at once, frames in the same write as the request", async () => {
    const client = new RawClient(await connect());
    await client.send(Buffer.concat([REQUEST, masked.text("early"), masked.ping("bird")]));
    expect(await client.readHead()).toMatch(/^HTTP\/1\.1 101 /);
    const answers = (await client.frames(2)).map(({ payload }) => payload.toString());
    expect(answers.toSorted()).toEqual(["bird", "early"]);
    await client.send(masked.close(1000));
    expect((await client.framesToEnd()).map(({ payload }) => payload)).toEqual([
      plain.close(1000).subarray(2),
    ]);
    await client.hangUp();
  });

  test("an upgrade to something else is answered as the plain request that it also is", async () => {
    const headers = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "" };
    expect(await ask({ path: "/h2c", headers })).toMatchObject({ status: 200, body: `GET /h2c ${sha1("")}` });
  });
});

test("without http, plain requests are told 426", async () => {
  const server = await serve({ port: 0, host: "127.0.0.1" }, () => undefined);
  const response = await fetch(server.url.replace(/^ws/, "http"));
  expect(response.status).toBe(426);
  expect(response.headers.get("upgrade")).toBe("websocket");
  await server.close();
});
