// Sockets that are turned away: an answer for the client to read, and no more of them at a time than can be afforded.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { shed } from "../../src/workers/shed.ts";

/** A listener that turns everybody away, and how to be one of them. Resolves with what was read, or the error's code. */
async function bouncer(secure: boolean) {
  let shedOne = () => {};
  const shedding = new Promise<void>((resolve) => {
    shedOne = resolve;
  });
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    shed(socket, secure);
    shedOne();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const knock = (socket: Socket = connect(port, "127.0.0.1")) => {
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    onTestFinished(() => void socket.destroy());
    return new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += String(chunk);
      });
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      socket.on("end", () => resolve(text));
    });
  };
  return { knock, port, shedding };
}

test("503 with Retry-After, though a request has come that nobody has read", async () => {
  const { knock } = await bouncer(false);
  const answer = await knock();
  expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(answer).toMatch(/^retry-after: 1\r$/im);
  expect(answer).toMatch(/\r\n\r\nthe server is full$/);
});

test("who asks for nothing is answered after a second, and not before", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { port, shedding } = await bouncer(false);
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (chunk) => {
    text += String(chunk);
  });
  await shedding;
  vi.advanceTimersByTime(999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(text).toBe("");
  vi.advanceTimersByTime(1);
  await once(socket, "end");
  expect(text).toMatch(/^HTTP\/1\.1 503 /);
});

test("under TLS a reset: there is nobody yet to say anything to", async () => {
  const { knock } = await bouncer(true);
  expect(await knock()).toBe("ECONNRESET");
});

test("beyond a thousand that linger, the next are reset", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { knock, port } = await bouncer(false);
  // They read the answer, and keep their half open: each is dropped after a second only.
  const lingering = Array.from({ length: 1024 }, () =>
    connect({ port, host: "127.0.0.1", allowHalfOpen: true }),
  );
  expect((await Promise.all(lingering.map(knock))).every((answer) => answer.startsWith("HTTP/1.1 503"))).toBe(
    true,
  );
  expect(await knock()).toBe("ECONNRESET");
  const dropped = Promise.all(lingering.map((socket) => once(socket, "close")));
  vi.advanceTimersByTime(1000);
  for (const socket of lingering) socket.end();
  await dropped;
  expect(await knock()).toMatch(/^HTTP/);
});
