// hawser serve ./chat.ts: where it listens, whom it lets in, who serves, and how it ends.

import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { type ConnectOptions, connect } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import { certificateFor } from "../support/certificates.ts";
import { start } from "../support/program.ts";
import { folderWith, serving } from "./support.ts";

async function client(url: string, options?: ConnectOptions) {
  const ws = await connect(url, options);
  onTestFinished(async () => void (await ws.terminate()));
  return ws;
}

async function ask(ws: Awaited<ReturnType<typeof client>>, text: string) {
  ws.send(text);
  return ws.receive();
}

const pid = 'export default { message(ws, message) { ws.send(message + " " + process.pid); } };';

test("TLS, with a certificate that SIGHUP renews; origins and versions as the flags say", async () => {
  const one = certificateFor("one.example");
  const two = certificateFor("two.example");
  const at = folderWith({ "chat.ts": pid, "cert.pem": one.cert, "key.pem": one.key });
  const { program, url } = await serving(
    at("chat.ts"),
    ...["--tls-cert", at("cert.pem"), "--tls-key", at("key.pem")],
    ...["--origin", "https://app.example", "--version", "rfc6455", "--version", "hixie-76"],
  );
  expect(url).toMatch(/^wss:/);
  const trusting = (certificate: typeof one, servername: string, rest: ConnectOptions = {}) =>
    client(url, { tls: { ca: certificate.cert, servername }, ...rest });
  const from = (origin: string) => trusting(one, "one.example", { headers: { Origin: origin } });
  const page = await from("https://app.example");
  expect(await ask(page, "a")).toMatch(/^a \d+$/);
  await expect(from("https://evil.example")).rejects.toMatchObject({ status: 403 });
  const old = await trusting(one, "one.example", {
    version: "hixie-76",
    headers: { Origin: "https://app.example" },
  });
  expect(await ask(old, "b")).toMatch(/^b \d+$/);
  await expect(trusting(one, "one.example", { version: "hybi-08" })).rejects.toMatchObject({ status: 426 });

  copyFileSync(two.certFile, at("cert.pem"));
  copyFileSync(two.keyFile, at("key.pem"));
  program.signal("SIGHUP");
  await program.printed(/ restarted: SIGHUP\n/);
  expect((await page.closed).code).toBe(1012);
  expect(await ask(await trusting(two, "two.example"), "c")).toMatch(/^c \d+$/);
});

test("on two members: both serve, one that dies is replaced, and all are closed with 1001 on SIGTERM; 0", async () => {
  const at = folderWith({ "chat.ts": `console.log("loaded");\nconsole.error("so far");\n${pid}` });
  const socket = at("chat.sock");
  const program = start(["serve", at("chat.ts"), "--workers", "2", "--unix", socket], { PORT: "9" });
  await program.printed(new RegExp(`^serving .* at ws\\+unix:${socket} with 2 members$`, "m"));
  expect(program.count(/^loaded$/)).toBe(2);
  expect(program.stderr).toBe("so far\nso far\n");
  const two = [await client(`ws+unix:${socket}:/`), await client(`ws+unix:${socket}:/`)] as const;
  const pids = await Promise.all(two.map(async (ws) => Number(/\d+/.exec(String(await ask(ws, "")))?.[0])));
  expect(new Set(pids).size).toBe(2);

  process.kill(pids[0] ?? 0, "SIGKILL");
  expect((await two[0].closed).cause).toBe("lost");
  await program.printed(
    new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}member \\d \\(pid ${pids[0]}\\) ended: SIGKILL$`, "m"),
  );
  await program.printed(/member 3 \(pid \d+\) is there in its place\n/);
  expect(await ask(two[1], "still")).toBe(`still ${pids[1]}`);

  program.signal("SIGTERM");
  expect((await two[1].closed).code).toBe(1001);
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/draining: closing \d connections? with 1001; .*\n.* drained\n$/);
});

test("nobody reads what it and its module print: it goes on; the second Ctrl-C ends it at once, with 130", async () => {
  const at = folderWith({
    "chat.js": `
      export default { message(ws, message) {
        process.stdout.write("heard " + message + "\\n");
        process.stderr.write("really\\n");
        ws.send(message + " " + process.pid);
      } };`,
  });
  const { program, url } = await serving(at("chat.js"));
  program.child.stdout?.destroy();
  program.child.stderr?.destroy();
  const ws = await client(url);
  const [, member] = /^a (\d+)$/.exec(String(await ask(ws, "a"))) ?? [];
  expect(await ask(ws, "b")).toBe(`b ${member}`);

  // This one never answers a Close.
  const { port, host } = new URL(url);
  const stuck = connectSocket(Number(port), "127.0.0.1");
  onTestFinished(() => void stuck.destroy());
  stuck.on("error", () => undefined);
  stuck.write(
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  const dropped = once(stuck, "close");
  await once(stuck, "data");
  program.signal("SIGINT");
  expect((await ws.closed).code).toBe(1001);
  const presses = setInterval(() => program.signal("SIGINT"), 50);
  const { code } = await program.ended;
  clearInterval(presses);
  expect(code).toBe(130);
  await dropped;
});

test("a signal while the module is being loaded ends it at once", async () => {
  const at = folderWith({
    "slow.ts": 'console.log("loading");\nawait new Promise(() => setInterval(() => {}, 1e6));',
  });
  const program = start(["serve", at("slow.ts"), "--port", "0"]);
  await program.printed(/^loading$/m);
  program.signal("SIGTERM");
  expect(await program.ended).toEqual({ code: 143, signal: null });
});
