// The ways to a server: what is asked for with flags, and what is said when there is none.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuse, type ServeOptions } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificateFor } from "../support/certificates.ts";
import { start } from "../support/program.ts";
import { connectWith, echo, resultOf, target } from "./support.ts";

const hello = ["-q", "--once"] as const;

/** A server that remembers the requests for its connections. */
async function curious(options: Partial<ServeOptions> = {}) {
  const requests: Map<string, string>[] = [];
  const { url } = await target(echo, {
    origins: "any",
    upgrade: (request) => {
      // Later they are forgotten.
      requests.push(new Map([...request.headers].map(([name, value]) => [name.toLowerCase(), value])));
      return undefined;
    },
    ...options,
  });
  return { url, requests };
}

/** A server of the application's own on a free port of the loopback address. Resolves with the port. */
async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}

describe("the request", () => {
  test("has the headers, the origin and the subprotocols that were asked for", async () => {
    const { url, requests } = await curious();
    const { code, stdout } = await connectWith(
      "hello",
      ...hello,
      ...["-H", "X-One: 1", "--header", "X-Two:  two, and : more ", "--origin", "https://example.org"],
      url,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: "hello\n" });
    const [request] = requests;
    expect(request?.get("x-one")).toBe("1");
    expect(request?.get("x-two")).toBe("two, and : more");
    expect(request?.get("origin")).toBe("https://example.org");
  });

  test("a subprotocol that was agreed on is told", async () => {
    const { url } = await target(echo, {
      upgrade: ({ subprotocols }) => ({ subprotocol: subprotocols.at(-1) ?? "" }),
    });
    const { stderr } = await connectWith("", "--wait", "0", "-s", "a", "--subprotocol", "b", url);
    expect(stderr).toMatch(new RegExp(`^connected to ${url}, subprotocol b\\n`));
  });

  test("a name and a password in the URL are sent, and not shown", async () => {
    const { url, requests } = await curious();
    const { stderr } = await connectWith("", "--wait", "0", url.replace("//", "//me:secret@"));
    expect(requests[0]?.get("authorization")).toBe(`Basic ${btoa("me:secret")}`);
    expect(stderr).toContain(`connected to ${url}\n`);
    expect(stderr).not.toContain("secret");
  });

  test("without a scheme it goes to this machine over ws", async () => {
    const { url } = await target(echo);
    const { stdout } = await connectWith("hello", ...hello, url.replace("ws://", ""));
    expect(stdout).toBe("hello\n");
  });
});

describe("TLS", () => {
  test("a certificate that nobody vouches for is not trusted, and what helps is said", async () => {
    const { key, cert } = certificateFor("localhost");
    const { url } = await target(echo, { tls: { key, cert } });
    const { code, stdout, stderr } = await connectWith("hello", url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^hawser: [^\n]*certificate[^\n]*--ca[^\n]*--insecure[^\n]*\n$/);
  });

  test("--ca trusts it, for its name", async () => {
    const { key, cert, certFile } = certificateFor("localhost");
    const { url } = await target(echo, { tls: { key, cert } });
    const named = url.replace("127.0.0.1", "localhost");
    expect(await connectWith("hello", ...hello, "--ca", certFile, named)).toEqual({
      code: 0,
      stdout: "hello\n",
      stderr: "",
    });
    const other = await connectWith("hello", "--ca", certFile, url);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/--servername <name>/);
    const asked = await connectWith("hello", ...hello, "--ca", certFile, "--servername", "localhost", url);
    expect(asked.stdout).toBe("hello\n");
  });

  test("--insecure checks nothing, and says so even with --quiet", async () => {
    const { key, cert } = certificateFor("somewhere.example");
    const { url } = await target(echo, { tls: { key, cert } });
    expect(await connectWith("hello", ...hello, "--insecure", url)).toEqual({
      code: 0,
      stdout: "hello\n",
      stderr: "hawser: --insecure: nobody checks who is at the other end\n",
    });
  });

  test("--cert and --key show a certificate to a server that wants one", async () => {
    const own = certificateFor("localhost");
    const { key, cert, certFile } = own;
    const client = certificateFor("client.example");
    const tls = { key, cert, ca: client.cert, requestCert: true, rejectUnauthorized: true };
    const { url } = await target(echo, { tls });
    const flags = ["--ca", certFile, "--servername", "localhost"];
    const { stdout } = await connectWith(
      "hello",
      ...hello,
      ...flags,
      ...["--cert", client.certFile, "--key", client.keyFile],
      url,
    );
    expect(stdout).toBe("hello\n");
    expect((await connectWith("hello", ...flags, url)).code).toBe(1);
  });

  test("wss where ws is spoken", async () => {
    const { url } = await target(echo);
    const { code, stderr } = await connectWith("hello", url.replace("ws:", "wss:"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^hawser: [^\n]*: wrong version number; [^\n]*ws:\/\/[^\n]*\n$/);
  });

  test.each(["--ca", "--cert"])("%s with a file that is not there", async (flag) => {
    const { code, stderr } = await connectWith(
      "",
      flag,
      "/nowhere.pem",
      "--key",
      "/nowhere.pem",
      "--cert",
      "/nowhere.pem",
      ":1",
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: cannot read \/nowhere\.pem: there is no such file/);
  });

  test("--ca with a file that holds no certificate: nobody would be trusted", async () => {
    const { keyFile } = certificateFor("localhost");
    const { code, stderr } = await connectWith("", "--ca", keyFile, "wss://127.0.0.1:1");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: there is no certificate \(PEM\) in [^\n]*key\.pem; see [^\n]*\n$/);
  });

  test("--cert and --key with files that hold neither", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hawser-cert-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "empty.pem");
    writeFileSync(file, "neither");
    const { code, stderr } = await connectWith("", "--cert", file, "--key", file, "wss://127.0.0.1:1");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: tls cannot be used: [^\n]*\n$/);
  });
});

describe("who refuses is quoted", () => {
  test.each<[number, RegExp]>([
    [401, /the server refused with 401 Unauthorized: no ticket; .*--header "Authorization/],
    [403, /403 Forbidden: no ticket; .*--origin/],
    [404, /404 Not Found: no ticket; is the path right\?/],
    [429, /429 Too Many Requests: no ticket/],
  ])("%i", async (status, words) => {
    const { url } = await target(echo, { upgrade: () => refuse(status, "no ticket\nand more") });
    const { code, stdout, stderr } = await connectWith("hello", url);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/^hawser: [^\n]*\n$/);
  });

  test("a page is not, and what steers a terminal is spelled out", async () => {
    const http = createHttpServer((request, response) => {
      if (request.url === "/page") response.end("<!doctype html>\n<title>hello</title>");
      else response.writeHead(402).end("\u001b[2Jpay");
    });
    const port = await listening(http);
    const page = await connectWith("", `:${port}/page`);
    expect(page).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/refused with 200 OK; that is a page/),
    });
    const other = await connectWith("", `:${port}/`);
    expect(other).toMatchObject({ code: 3, stderr: expect.stringContaining(String.raw`: \u{1b}[2Jpay`) });
  });

  test("a 101 that breaks a rule is no WebSocket either, and is told once", async () => {
    const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    const port = await listening(
      createServer((socket) =>
        socket.once("data", () => socket.end(`${answer}Sec-WebSocket-Accept: no\r\n\r\n`)),
      ),
    );
    expect(await connectWith("hello", `:${port}`)).toEqual({
      code: 3,
      stdout: "",
      stderr: "hawser: wrong Sec-WebSocket-Accept in the answer\n",
    });
  });

  test("a redirect is followed as often as was allowed", async () => {
    const { url } = await target(echo);
    const http = createHttpServer((_request, response) => {
      response.writeHead(302, { Location: url }).end();
    });
    const from = `:${await listening(http)}`;
    const { code, stderr } = await connectWith("hello", from);
    expect(code).toBe(3);
    expect(stderr).toContain(`it redirects to ${url}; --redirects <count> follows`);
    expect((await connectWith("hello", ...hello, "--redirects", "1", from)).stdout).toBe("hello\n");
  });
});

describe("who is not there", () => {
  test("nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const program = start(["connect", `ws://127.0.0.1:${port}`]);
    const { code, stderr } = await resultOf(program);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^hawser: [^\n]*ECONNREFUSED[^\n]*; nobody listens there: [^\n]*\n$/);
  });

  test("no answer in time", async () => {
    const port = await listening(createServer(() => undefined));
    const { code, stderr } = await connectWith("", "--timeout", "0.2", `:${port}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^hawser: there was no answer within 200 ms[^\n]*; --timeout <seconds> gives it more time\n$/,
    );
  });

  test("who hangs up", async () => {
    const port = await listening(createServer((socket) => socket.once("data", () => socket.destroy())));
    const { code, stderr } = await connectWith("", `:${port}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^hawser: the server hung up before it had answered[^\n]*\n$/);
  });

  test("what is no HTTP", async () => {
    const port = await listening(createServer((socket) => socket.end("220 mail.example ESMTP\r\n")));
    const { code, stderr } = await connectWith("", `:${port}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^hawser: bad response head: [^\n]*\n$/);
  });

  test("no such socket in the file system", async () => {
    const { code, stderr } = await connectWith("", "ws+unix:/nowhere.sock:/");
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENOENT[^\n]*; there is no such socket\n$/);
  });
});

test("a socket in the file system", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-socket-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, "s");
  await target(echo, { port: undefined, host: undefined, socketPath });
  expect((await connectWith("hello", ...hello, `ws+unix:${socketPath}:/`)).stdout).toBe("hello\n");
});

describe("--proxy", () => {
  test("http: asks for a tunnel", async () => {
    const { url } = await target(echo);
    const asked: (string | undefined)[] = [];
    const http = createHttpServer();
    http.on("connect", ({ url: place, headers }, socket: Socket) => {
      asked.push(place, headers["proxy-authorization"]);
      const [host, port] = (place ?? "").split(":");
      const on = connectSocket(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        on.pipe(socket).pipe(on);
      });
      on.on("error", () => undefined);
    });
    const port = await listening(http);
    const { stdout } = await connectWith(
      "hello",
      ...hello,
      "--proxy",
      `http://me:secret@127.0.0.1:${port}`,
      url,
    );
    expect(stdout).toBe("hello\n");
    expect(asked).toEqual([new URL(url).host, `Basic ${btoa("me:secret")}`]);
  });

  test.each(["socks5h", "socks5", "socks4"])("%s", async (scheme) => {
    const { url } = await target(echo);
    const port = await listening(createServer(scheme === "socks4" ? socks4 : socks5));
    const { code, stdout, stderr } = await connectWith(
      "hello",
      ...hello,
      "--proxy",
      `${scheme}://127.0.0.1:${port}`,
      url,
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
  });

  test("one that is not there", async () => {
    const port = await listening(createServer((socket) => socket.destroy()));
    for (const scheme of ["http", "socks5"]) {
      const { code, stderr } = await connectWith(
        "",
        "--proxy",
        `${scheme}://127.0.0.1:${port}`,
        "ws://example.invalid",
      );
      expect(code).toBe(1);
      expect(stderr).toMatch(/^hawser: [^\n]*\n$/);
    }
  });

  test("what is none", async () => {
    const { code, stderr } = await connectWith("", "--proxy", "ftp://a", ":1");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^hawser: proxy [^\n]*\n$/);
  });
});

/** SOCKS 5 (RFC 1928), as far as one client without a password goes. */
function socks5(client: Socket): void {
  client.once("data", () => {
    client.write(Uint8Array.of(5, 0));
    client.once("data", (request: Buffer) => {
      const named = request[3] === 3;
      const length = named ? (request[4] ?? 0) + 1 : 4;
      const host = named ? request.subarray(5, 4 + length).toString() : [...request.subarray(4, 8)].join(".");
      const on = connectSocket(request.readUInt16BE(4 + length), host, () => {
        client.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
        on.pipe(client).pipe(on);
      });
      on.on("error", () => undefined);
    });
  });
}

function socks4(client: Socket): void {
  client.once("data", (request: Buffer) => {
    const on = connectSocket(request.readUInt16BE(2), [...request.subarray(4, 8)].join("."), () => {
      client.write(Uint8Array.of(0, 90, 0, 0, 0, 0, 0, 0));
      on.pipe(client).pipe(on);
    });
    on.on("error", () => undefined);
  });
}
