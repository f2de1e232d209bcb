// hawser connect at a real terminal: what is typed, and what is then on the screen.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AnyConnection, type Connection, type Handler, refuse, type Server, serve } from "hawser";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { key, missing, Screen } from "../support/screen.ts";

if (missing) console.warn("Python is missing: sudo apt-get install --no-install-recommends python3");

let server: Server;
let arrival: Promise<Connection>;

/** Answers nothing by itself: each test plays the server. */
const puppet = (arrived: (ws: AnyConnection) => void): Handler => ({
  async session(ws) {
    arrived(ws);
    await ws.closed;
  },
});

beforeEach(async () => {
  if (missing) return;
  let arrived: (ws: AnyConnection) => void = () => undefined;
  arrival = new Promise<AnyConnection>((resolve) => {
    arrived = resolve;
  });
  server = await serve({ port: 0, host: "127.0.0.1" }, puppet(arrived));
});

afterEach(async () => {
  if (missing) return;
  for (const connection of server.connections) void connection.terminate();
  await server.close();
});

/** A prompt that is ready, and the server's end of its connection. */
async function ready(args: readonly string[] = [], environment: Record<string, string> = {}) {
  const screen = new Screen(["connect", ...args, server.url], environment);
  await screen.shows(">");
  return { screen, ws: await arrival };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hawser-prompt-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe.skipIf(missing)("hawser connect at a terminal", () => {
  test("says where it is connected, and what can be done", async () => {
    const { screen } = await ready();
    expect(screen.lines[0]).toBe(`connected to ${server.url}`);
    expect(screen.lines[1]).toMatch(/\/help/);
  });

  test("says which version it speaks, and what that cannot carry", async () => {
    let heard: (ws: AnyConnection) => void = () => undefined;
    const opened = new Promise<AnyConnection>((resolve) => {
      heard = resolve;
    });
    const old = await serve({ port: 0, host: "127.0.0.1", versions: ["hixie-76"] }, puppet(heard));
    onTestFinished(async () => void (await old.close()));
    const file = join(temporaryFolder(), "a.txt");
    writeFileSync(file, "one\ntwo\n");
    const screen = new Screen(["connect", "--version", "hixie-76", old.url]);
    await screen.shows(">");
    expect(screen.lines.join("").startsWith(`connected to ${old.url}, version hixie-76`)).toBe(true);
    const ws = await opened;
    screen.press(`/ping${key.enter}`);
    await screen.shows("hawser: hixie-76 has no pings", ">");
    screen.press(`/close 4000${key.enter}`);
    await screen.shows("hawser: hixie-76 has no close codes and no reasons", ">");
    screen.press(`/file ${file}${key.enter}`);
    await screen.shows("hawser: not sent: hixie-76 carries text only", ">");
    screen.press(`/text ${file}${key.enter}`);
    expect(await ws.receive()).toBe("one\ntwo\n");
    screen.press(`/quit${key.enter}`);
    expect(await ws.closed).toMatchObject({ code: 1005, clean: true, initiator: "peer" });
    expect(await screen.ended).toBe(0);
  });

  test("sends what is typed, and prints what comes", async () => {
    const { screen, ws } = await ready();
    screen.press(`Grüße 🐈${key.enter}`);
    expect(await ws.receive()).toBe("Grüße 🐈");
    ws.send("hello yourself");
    await screen.shows("> Grüße 🐈", "< hello yourself", ">");
    ws.send(Uint8Array.of(0, 0x68, 0x69, 0xff));
    await screen.shows("< hello yourself", "< 4 bytes: 00 68 69 ff |.hi.|", ">");
  });

  test("what comes does not touch the line that is being typed, nor the cursor in it", async () => {
    const { screen, ws } = await ready();
    screen.press(`half a line${key.left.repeat(4)}`);
    await screen.shows("> half a line");
    await screen.showsCursorIn("> half a ".length);
    ws.send("one");
    ws.send("two");
    await screen.shows("< one", "< two", "> half a line");
    await screen.showsCursorIn("> half a ".length);
    screen.press(`new ${key.enter}`);
    expect(await ws.receive()).toBe("half a new line");
    await screen.shows("< two", "> half a new line", ">");
  });

  // 60 columns: the prompt takes two of the first row.
  test.each([57, 58, 59, 118, 150])(
    "a line of %i characters, which may take several rows, stays whole too",
    async (length) => {
      const { screen, ws } = await ready();
      const long = Array.from({ length }, (_, at) => String.fromCharCode(97 + (at % 26))).join("");
      const rows = (`> ${long}`.match(/.{1,60}/g) ?? []).map((row) => row.trimEnd());
      screen.press(long);
      await screen.shows(/Ctrl-D/, ...rows);
      ws.send("one");
      await screen.shows(/Ctrl-D/, "< one", ...rows);
      ws.send("x".repeat(70));
      await screen.shows("< one", `< ${"x".repeat(58)}`, "x".repeat(12), ...rows);
      screen.press(key.enter);
      expect(await ws.receive()).toBe(long);
      // Behind a row that was filled to the last column the cursor stood in the next one.
      const blank = (length + 2) % 60 === 0 ? [""] : [];
      await screen.shows("x".repeat(12), ...rows, ...blank, ">");
    },
  );

  test("a long line that is pasted is sent as it is, however many rows it takes", async () => {
    const { screen, ws } = await ready();
    const pasted = "滴水之恩, long ".repeat(2000);
    screen.press(`<>${key.left}${pasted}${key.enter}`);
    expect(await ws.receive()).toBe(`<${pasted}>`);
  });

  test("stopped by Ctrl-Z and brought back, it takes what is typed then", async () => {
    const { screen, ws } = await ready();
    screen.press(`half${key.ctrlZ}`);
    await screen.shows("stopped", "> half");
    screen.press(` a line${key.enter}`);
    expect(await ws.receive()).toBe("half a line");
    await screen.shows("> half a line", ">");
    screen.press(key.ctrlC);
    expect(await screen.ended).toBe(0);
  });

  test("it stays whole at the bottom of a full screen", async () => {
    const { screen, ws } = await ready();
    screen.press("y".repeat(70));
    for (let count = 1; count <= 40; count++) ws.send(`line ${count}`);
    await screen.shows("< line 39", "< line 40", `> ${"y".repeat(58)}`, "y".repeat(12));
    expect(screen.lines).toHaveLength(16);
  });

  test("a message of several lines is indented, so that it cannot pass for others", async () => {
    const { screen, ws } = await ready();
    ws.send("{\r\n\t1\n}\n> typed by nobody");
    await screen.shows("< {", "        1", "  }", "  > typed by nobody", ">");
  });

  test("what would steer the terminal is spelled out", async () => {
    const { screen, ws } = await ready();
    ws.send("\u001b[2J\u001b]0;owned\u0007 \u009b31m \u202efdp\u2066 \rover");
    await screen.shows(
      String.raw`< \u{1b}[2J\u{1b}]0;owned\u{7} \u{9b}31m \u{202e}fdp\u{2066}`,
      String.raw` \u{d}over`,
      ">",
    );
    for (const sequence of screen.sequences) expect(sequence).toMatch(/^\[(\d*[JGKm]|\d+[A-D]|\?\d+[hl])/);
  });

  test("the end is told in words, with the exit code that goes with it", async () => {
    const { screen, ws } = await ready();
    screen.press("half");
    await screen.shows("> half");
    void ws.close(4001, "enough\u001b[2J");
    expect(await screen.ended).toBe(4);
    await screen.shows(/closed by the peer with 4001 "enough.*u001b.*2J"/, /out$/);
    expect(screen.lines.join()).not.toContain("half");
  });

  test.each<[string, string]>([
    ["Ctrl-D", key.ctrlD],
    ["Ctrl-C", key.ctrlC],
    ["/quit", `/quit${key.enter}`],
  ])("%s closes with 1000 and exits with 0", async (_name, keys) => {
    const { screen, ws } = await ready();
    screen.press(keys);
    expect(await ws.closed).toMatchObject({ code: 1000, clean: true, initiator: "peer" });
    expect(await screen.ended).toBe(0);
    await screen.shows(/^closed by us with 1000, after /);
  });

  test("leaves no prompt behind, even if there is nothing to say", async () => {
    const { screen, ws } = await ready(["-q"]);
    ws.send("one");
    screen.press("x".repeat(70));
    await screen.shows("< one", `> ${"x".repeat(58)}`, "x".repeat(12));
    screen.press(key.ctrlC);
    expect(await screen.ended).toBe(0);
    await screen.shows("< one");
  });

  test.each<[string[], RegExp]>([
    [[], /^Enter sends/],
    [["--reconnect"], /^connected to/],
  ])("a second Ctrl-C does not wait for a peer that does not answer: %j", async (flags, last) => {
    let close: () => void = () => undefined;
    const closing = new Promise<void>((resolve) => {
      close = resolve;
    });
    const mute = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (request) => {
        const [, key = ""] = /^sec-websocket-key: (.*)\r$/im.exec(request.toString()) ?? [];
        const accept = createHash("sha1")
          .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest("base64");
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        socket.once("data", () => close());
      });
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void mute.close());
    await once(mute, "listening");
    const address = mute.address();
    const screen = new Screen(["connect", ...flags, `:${typeof address === "object" ? address?.port : ""}`]);
    await screen.shows(last, ">");
    screen.press(key.ctrlC);
    await closing;
    screen.press(key.ctrlC);
    expect(await screen.ended).toBe(130);
    await screen.shows(/^terminated by us, after /);
  });

  test("--reconnect: the prompt stays, and what is typed goes to the next connection", async () => {
    const { screen, ws } = await ready(["--reconnect"]);
    screen.press("half");
    await screen.shows("> half");
    void ws.terminate();
    await screen.shows(/again in \d\.\d s$/, `connected to ${server.url}`, "> half");
    screen.press(` a line${key.enter}`);
    const [next] = server.connections;
    expect(await next?.receive()).toBe("half a line");
    screen.press(key.ctrlD);
    expect(await screen.ended).toBe(0);
  });

  test("--reconnect: what was typed and not sent is told when one leaves", async () => {
    let asked: () => void = () => undefined;
    const asking = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const closed = await serve(
      {
        port: 0,
        host: "127.0.0.1",
        upgrade: () => {
          asked();
          return refuse(503, "closed", { "Retry-After": "600" });
        },
      },
      () => undefined,
    );
    onTestFinished(() => void closed.close());
    const screen = new Screen(["connect", "-q", "--reconnect", closed.url]);
    await asking;
    screen.press(`one${key.enter}two${key.enter}`);
    await screen.shows("> one", "> two", ">");
    screen.press(key.ctrlD);
    expect(await screen.ended).toBe(5);
    await screen.shows("> two", "hawser: 2 messages were not sent: there was no connection");
  });

  test("commands", async () => {
    const { screen, ws } = await ready();
    screen.press(`/ping are you there${key.enter}`);
    await screen.shows("> /ping are you there", /^pong after \d+\.\d ms$/, ">");
    screen.press(`//a path${key.enter}`);
    expect(await ws.receive()).toBe("/a path");
    screen.press(`/help${key.enter}`);
    await screen.shows(
      /^\/ping \[text\]/,
      /^\/file/,
      /^\/text/,
      /^\/close/,
      /^\/quit/,
      /^\/\/…/,
      /^\/help/,
      ">",
    );
    screen.press(`/pnig${key.enter}`);
    await screen.shows(/^hawser: there is no command \/pnig: /, /./, ">");
    screen.press(`/close 5000${key.enter}`);
    await screen.shows(/^hawser: .*5000/, /./, ">");
    screen.press(`/close 4000 see you${key.enter}`);
    expect(await ws.closed).toMatchObject({ code: 4000, reason: "see you" });
    expect(await screen.ended).toBe(4);
  });

  test("files go as one message; what cannot be read is told, and nothing is lost by it", async () => {
    const { screen, ws } = await ready();
    const folder = temporaryFolder();
    const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => at);
    writeFileSync(join(folder, "b"), bytes);
    writeFileSync(join(folder, "t"), "ü".repeat(100_000));
    screen.press(`/file ${folder}/b${key.enter}after${key.enter}`);
    expect(Buffer.compare(Buffer.from((await ws.receive()) ?? ""), bytes)).toBe(0);
    expect(await ws.receive()).toBe("after");
    screen.press(`/text ${folder}/t${key.enter}`);
    expect(await ws.receive()).toBe("ü".repeat(100_000));
    screen.press(`/file /nowhere${key.enter}`);
    await screen.shows("hawser: cannot read /nowhere: there is no such file", ">");
    screen.press(`/file /${key.enter}`);
    await screen.shows("hawser: cannot read /: it is a directory", ">");
    screen.press(`/text ${folder}/b${key.enter}`);
    await screen.shows(/^hawser: .*\/b is not UTF-8; \/file/, /./, ">");
    screen.press(`still here${key.enter}`);
    expect(await ws.receive()).toBe("still here");
  });

  test("a file that turns out to be unsendable half-way is not passed off as whole", async () => {
    const { screen, ws } = await ready();
    const file = join(temporaryFolder(), "f");
    writeFileSync(file, Buffer.concat([Buffer.alloc(200_000, "x"), Buffer.of(0xff)]));
    screen.press(`/text ${file}${key.enter}`);
    expect(await ws.closed).toMatchObject({ code: 1011 });
    expect(await screen.ended).toBe(4);
  });

  test("the history goes from one run to the next, in a file of its owner's", async () => {
    const file = join(temporaryFolder(), "state", "history");
    const first = await ready([], { HAWSER_HISTORY: file });
    first.screen.press(`one${key.enter} secret${key.enter}two${key.enter}${key.ctrlD}`);
    expect(await first.screen.ended).toBe(0);
    expect(readFileSync(file, "utf8")).toBe("one\ntwo\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const second = new Screen(["connect", server.url], { HAWSER_HISTORY: file });
    await second.shows(">");
    second.press(key.up);
    await second.shows("> two");
    second.press(key.up);
    await second.shows("> one");
  });

  test("colours are for those who want them", async () => {
    const { screen } = await ready();
    const color = expect.stringMatching(/^\[\d+m/);
    expect(screen.sequences).toContainEqual(color);
    const plain = await ready(["--no-color"]);
    expect(plain.screen.sequences).not.toContainEqual(color);
    const asked = await ready([], { NO_COLOR: "1" });
    expect(asked.screen.sequences).not.toContainEqual(color);
  });
});
