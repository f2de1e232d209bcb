// Servers and names that never answer, K11, and several addresses of which some do not, K14.
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  getDefaultAutoSelectFamilyAttemptTimeout,
  type LookupFunction,
  connect as netConnect,
  type Socket,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from "node:net";
import { createInterface } from "node:readline";
import { Duplex } from "node:stream";
import { ManualClock } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificateFor } from "../serve/support/certificates.ts";
import { eventually } from "../serve/support/guard.ts";
import type { ScriptedServer } from "../support/scripted-server.ts";
import { type AnyOptions, ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();
const pair = certificateFor("localhost");

/** The client is gone. */
async function letGo(server: ScriptedServer): Promise<void> {
  const caller = await server.callers.take();
  await eventually(() => caller.ended, "the client to let go");
}

describe("K11: gives up at timeouts.handshake, not before:", () => {
  /** Lets the time pass once it has got this far. */
  async function expectTimeout(url: string, options: AnyOptions, waiting: () => boolean) {
    const clock = new ManualClock();
    const failing = guard.failure(url, { ...options, clock, timeouts: { handshake: 3000 } });
    let over = false;
    void failing.then(() => {
      over = true;
    });
    await eventually(() => clock.pending === 1 && waiting(), "the attempt");
    clock.advance(2999);
    await Promise.resolve();
    expect(over).toBe(false);
    clock.advance(1);
    expect(await failing).toMatchObject({
      status: 0,
      message: "there was no answer within 3000 ms (timeouts.handshake)",
    });
    expect(clock.pending).toBe(0);
  }

  test("a server that takes the connection and says nothing", async () => {
    const server = await guard.server();
    await expectTimeout(server.url(), {}, () => server.open === 1);
    await letGo(server);
  });

  test("TLS that never begins", async () => {
    const server = await guard.server();
    await expectTimeout(`wss://127.0.0.1:${server.port}`, {}, () => server.open === 1);
    await letGo(server);
  });

  test("TLS that begins and never ends", async () => {
    const hello = Buffer.from("160303007a0200007603", "hex");
    let read = false;
    const server = await guard.server(async (caller) => {
      await caller.bytes(1);
      caller.write(hello);
      read = true;
    });
    await expectTimeout(`wss://127.0.0.1:${server.port}`, {}, () => read);
    await letGo(server);
  });

  test("TLS that is done, and no answer", async () => {
    const server = await guard.server((caller) => caller.asked(), { tls: pair });
    await expectTimeout(server.url("/", "localhost"), { tls: { ca: pair.cert } }, () => server.count === 1);
  });

  test("a name that is looked up forever, and found too late", async () => {
    const late: (() => void)[] = [];
    const lookup: LookupFunction = (_name, _options, found) => {
      late.push(() => found(null, [{ address: "127.0.0.1", family: 4 }]));
    };
    const server = await guard.server();
    await expectTimeout(server.url("/", "hangs.example"), { network: { lookup } }, () => late.length === 1);
    late[0]?.();
    await new Promise(setImmediate);
    expect(server.count).toBe(0);
  });

  test("a stream of the application's that never comes, and comes too late", async () => {
    const late: ((stream: Duplex) => void)[] = [];
    const createConnection = () => new Promise<Duplex>((resolve) => late.push(resolve));
    await expectTimeout("ws://localhost/", { createConnection }, () => late.length === 1);
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    late[0]?.(stream);
    await eventually(() => stream.destroyed, "it is not kept");
  });

  test("Infinity waits for ever", async () => {
    const clock = new ManualClock();
    const server = await guard.server();
    const timeouts = { handshake: Number.POSITIVE_INFINITY, keepalive: Number.POSITIVE_INFINITY };
    const opening = guard.open(server, { clock, timeouts });
    const caller = await server.callers.take();
    clock.advance(1e12);
    expect(clock.pending).toBe(0);
    await caller.accept();
    expect((await opening).phase).toBe("open");
  });
});

/** A lookup that gives these, whatever the name. */
const giving =
  (...addresses: string[]): LookupFunction =>
  (_name, options, found) => {
    const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    if (options.all === true) found(null, all);
    else found(null, all[0]!.address, all[0]!.family);
  };

/** An address at which nobody answers: its listener sleeps, and its queue is full. It must be on the same port. */
async function hanging(port: number): Promise<string> {
  const program = `
    import { createServer } from "node:net";
    createServer().listen({ port: ${port}, host: "127.0.0.9", backlog: 1 }, () => {
      process.stdout.write("listening\\n", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const fillers: Socket[] = [];
  guard.closing({
    close: async () => {
      for (const filler of fillers) filler.destroy();
      child.kill("SIGKILL");
      await once(child, "close");
    },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("listening");
  // Linux lets one more wait than was asked for.
  for (let count = 0; count < 2; count += 1) {
    const filler = netConnect({ port, host: "127.0.0.9" });
    filler.on("error", () => undefined);
    fillers.push(filler);
    await once(filler, "connect");
  }
  return "127.0.0.9";
}

describe("K14: of several addresses", () => {
  const hello = async (addresses: readonly string[], options: AnyOptions = {}) => {
    const server = await guard.server((caller) => caller.accept());
    const ws = await guard.open(server.url("/", "several.example"), {
      ...options,
      network: { ...options.network, lookup: giving(...addresses) },
    });
    return { ws, server };
  };

  test.each([
    ["the first refuses", ["127.0.0.2", "127.0.0.1"]],
    ["the first, of IPv6, cannot be reached", ["::1", "127.0.0.1"]],
    ["all but the last fail", ["::1", "127.0.0.2", "127.0.0.3", "127.0.0.1"]],
    ["the first is good", ["127.0.0.1", "127.0.0.2"]],
    ["there is one", ["127.0.0.1"]],
  ])("%s", async (_what, addresses) => {
    const { ws, server } = await hello(addresses);
    expect([ws.phase, ws.request.remoteAddress, server.count]).toEqual(["open", "127.0.0.1", 1]);
    // It reads as any other does.
    const caller = await server.callers.take();
    caller.write("\x81\x02hi");
    expect(await ws.receive()).toBe("hi");
  });

  test.skipIf(process.platform !== "linux")("the first hangs", async () => {
    const usual = getDefaultAutoSelectFamilyAttemptTimeout();
    setDefaultAutoSelectFamilyAttemptTimeout(10);
    onTestFinished(() => setDefaultAutoSelectFamilyAttemptTimeout(usual));
    const server = await guard.server((caller) => caller.accept());
    const address = await hanging(server.port);
    const ws = await guard.open(server.url("/", "several.example"), {
      network: { lookup: giving(address, "127.0.0.1") },
    });
    expect([ws.phase, ws.request.remoteAddress]).toEqual(["open", "127.0.0.1"]);
  });

  test("all fail: the error names each", async () => {
    const server = await guard.server();
    await server.close();
    const error = await guard.failure(server.url("/", "several.example"), {
      network: { lookup: giving("127.0.0.2", "::1", "127.0.0.3") },
    });
    expect(error.status).toBe(0);
    for (const address of ["127.0.0.2", "::1", "127.0.0.3"])
      expect(error.message).toContain(`${address}:${server.port}`);
    expect(error.message).toMatch(/^could not connect to several\.example:\d+: /);
    expect(error.cause).toBeInstanceOf(AggregateError);
  });

  test("one that fails is named too, and its error is the cause", async () => {
    const server = await guard.server();
    await server.close();
    const error = await guard.failure(server.url());
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED", address: "127.0.0.1", port: server.port });
    expect(error.message).toBe(
      `could not connect to 127.0.0.1:${server.port}: connect ECONNREFUSED 127.0.0.1:${server.port}`,
    );
  });

  test("a name that is not found", async () => {
    const lookup: LookupFunction = (name, _options, found) => {
      found(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" }), "", 0);
    };
    const error = await guard.failure("ws://nowhere.example/", { network: { lookup } });
    expect(error).toMatchObject({ status: 0, cause: { code: "ENOTFOUND" } });
    expect(error.message).toContain("nowhere.example");
  });

  test("a lookup that finds nothing, or nonsense, fails as well", async () => {
    for (const found of [[], [{ address: "nonsense", family: 4 }], [{ address: "127.0.0.1", family: 5 }]]) {
      const lookup: LookupFunction = (_name, _options, done) => done(null, found);
      expect((await guard.failure("ws://odd.example/", { network: { lookup } })).status).toBe(0);
    }
  });

  test("family 4 asks for IPv4 alone", async () => {
    const asked: unknown[] = [];
    const server = await guard.server((caller) => caller.accept());
    const lookup: LookupFunction = (_name, options, found) => {
      asked.push(options.family);
      giving("127.0.0.1")(_name, options, found);
    };
    await guard.open(server.url("/", "several.example"), { network: { lookup, family: 4 } });
    expect(asked).toEqual([4]);
  });
});
