// wss: whose certificates are believed, client certificates, names and addresses.
import type { LookupFunction, Socket } from "node:net";
import { createSecureContext, type TLSSocket } from "node:tls";
import { type ClientTls, connect } from "hawser";
import { describe, expect, onTestFinished, test } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import { Authority } from "./support/authority.ts";
import { type Echo, failureOf, reasonOf, roundTrip, serveEcho } from "./support/connecting.ts";
import { listen } from "./support/listener.ts";

const guard = new Guard();
const authority = new Authority();
const { cert: ca } = authority;
const localhost = authority.issue("DNS:localhost");

function serveTls(tls: object = localhost): Promise<Echo> {
  return serveEcho(guard, { tls });
}

describe("the server's certificate", () => {
  test("of a private authority, for the name in the URL", async () => {
    const { port } = await serveTls();
    const ws = await roundTrip(`wss://localhost:${port}/`, { tls: { ca } });
    expect(ws.request).toMatchObject({ secure: true, host: `localhost:${port}` });
  });

  test("of an authority that nobody has said we trust", async () => {
    const { port } = await serveTls();
    const error = await failureOf(connect(`wss://localhost:${port}/`));
    expect(error).toMatchObject({ status: 0, cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
    expect(error.message).toBe(
      `no TLS connection to localhost:${port}: unable to verify the first certificate`,
    );
  });

  test("of another authority than the one we trust", async () => {
    const { port } = await serveTls();
    const other = new Authority("Another Authority");
    const error = await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca: other.cert } }));
    expect(error).toMatchObject({ status: 0, cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
  });

  test("for another name", async () => {
    const { port } = await serveTls(authority.issue("DNS:elsewhere.example"));
    const error = await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca } }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } });
    expect(error.message).toContain("Host: localhost. is not in the cert's altnames: DNS:elsewhere.example");
  });

  test("servername says which name it is to have", async () => {
    const { port } = await serveTls(authority.issue("DNS:elsewhere.example"));
    await roundTrip(`wss://localhost:${port}/`, { tls: { ca, servername: "elsewhere.example" } });
    await roundTrip(`wss://127.0.0.1:${port}/`, { tls: { ca, servername: "elsewhere.example" } });
  });

  test.each<ClientTls>([
    { servername: undefined },
    { checkServerIdentity: undefined },
    { minDHSize: undefined },
    { secureContext: undefined },
  ])("%o is the same as none", async (given) => {
    const { port } = await serveTls();
    await roundTrip(`wss://localhost:${port}/`, { tls: { ca, ...given } });
    const error = await failureOf(connect(`wss://127.0.0.1:${port}/`, { tls: { ca, ...given } }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } });
  });

  test("for an address", async () => {
    const pair = authority.issue("IP:127.0.0.1", "IP:::1");
    const { port } = await serveTls(pair);
    await roundTrip(`wss://127.0.0.1:${port}/`, { tls: { ca } });
    const six = await serveEcho(guard, { tls: pair, host: "::1" });
    await roundTrip(`wss://[::1]:${six.port}/`, { tls: { ca } });
  });

  test("for another address, even if it is valid for the name", async () => {
    const { port } = await serveTls(authority.issue("DNS:localhost", "IP:127.0.0.2"));
    const error = await failureOf(connect(`wss://127.0.0.1:${port}/`, { tls: { ca } }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" } });
    expect(error.message).toContain("IP: 127.0.0.1 is not in the cert's list");
  });

  test("is not looked at with rejectUnauthorized: false", async () => {
    const { port } = await serveTls();
    await roundTrip(`wss://127.0.0.1:${port}/`, { tls: { rejectUnauthorized: false } });
  });

  test("is looked at whatever NODE_TLS_REJECT_UNAUTHORIZED says, and with rejectUnauthorized: undefined", async () => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    onTestFinished(() => {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    });
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    const { port } = await serveTls();
    const error = await failureOf(
      connect(`wss://localhost:${port}/`, { tls: { rejectUnauthorized: undefined } }),
    );
    expect(error).toMatchObject({ status: 0, cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" } });
  });

  test("checkServerIdentity is asked with the name", async () => {
    const { port } = await serveTls();
    const asked: string[] = [];
    const checkServerIdentity = (name: string) => {
      asked.push(name);
      return new Error("not this one");
    };
    const error = await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca, checkServerIdentity } }));
    expect(error.message).toBe(`no TLS connection to localhost:${port}: not this one`);
    expect(asked).toEqual(["localhost"]);
  });

  test("checkServerIdentity may throw: certificates are the peer's, and may lack what it looks for", async () => {
    const { port } = await serveTls();
    const thrown = new Error("no subject");
    const checkServerIdentity = () => {
      throw thrown;
    };
    const error = await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca, checkServerIdentity } }));
    expect(error).toMatchObject({ status: 0, cause: thrown });
    expect(error.message).toBe(`no TLS connection to localhost:${port}: no subject`);
  });
});

describe("what the server is told", () => {
  /** The name and protocols in the ClientHello, from a server that says nothing else. */
  async function hello(host: string, tls: ClientTls = {}): Promise<{ name: unknown; protocol: unknown }> {
    const { port, socket } = await listen(guard, (one) => void one.end(), {
      tls: { ...authority.issue("DNS:localhost", "IP:127.0.0.1"), ALPNProtocols: ["h2", "http/1.1"] },
    });
    const lookup: LookupFunction = (_name, _options, done) => done(null, "127.0.0.1", 4);
    await failureOf(connect(`wss://${host}:${port}/`, { tls: { ca, ...tls }, network: { lookup } }));
    const { servername, alpnProtocol } = (await socket()) as TLSSocket & { servername: unknown };
    return { name: servername, protocol: alpnProtocol };
  }

  test("the name in the URL, and that we speak HTTP/1.1", async () => {
    expect(await hello("localhost")).toEqual({ name: "localhost", protocol: "http/1.1" });
  });

  test("no name for an address (RFC 6066 §3)", async () => {
    expect(await hello("127.0.0.1")).toEqual({ name: false, protocol: "http/1.1" });
  });

  test("the name without the dot that may end it (RFC 6066 §3)", async () => {
    expect(await hello("localhost.")).toEqual({ name: "localhost", protocol: "http/1.1" });
  });
});

describe("a client certificate", () => {
  const wanting = { ...localhost, requestCert: true, rejectUnauthorized: true, ca };

  test("is shown", async () => {
    const { port } = await serveTls(wanting);
    const { key, cert } = authority.issue("DNS:client.example");
    await roundTrip(`wss://localhost:${port}/`, { tls: { ca, key, cert } });
  });

  test("may come as a secure context", async () => {
    const { port } = await serveTls(wanting);
    const secureContext = createSecureContext({ ca, ...authority.issue("DNS:client.example") });
    await roundTrip(`wss://localhost:${port}/`, { tls: { secureContext } });
  });

  test("that the server wants and does not get, or does not believe", async () => {
    const { port } = await serveTls(wanting);
    const without = await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca } }));
    expect(without).toMatchObject({
      status: 0,
      cause: { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" },
    });
    expect(without.message).toContain("certificate required");
    const { key, cert } = new Authority("Another Authority").issue("DNS:client.example");
    const wrong = await failureOf(connect(`wss://localhost:${port}/`, { tls: { ca, key, cert } }));
    // A server on Node drops such a client without a word.
    expect(wrong).toMatchObject({ status: 0, message: expect.stringMatching(/hung up/) });
  });
});

describe("a redirect to another origin takes no client certificate along", () => {
  const issued = authority.issue("DNS:client.example");

  test.each<readonly [string, ClientTls]>([
    ["a key and a certificate", { ca, ...issued }],
    [
      "a secure context, which holds the authority too",
      { secureContext: createSecureContext({ ca, ...issued }), rejectUnauthorized: false },
    ],
  ])("%s", async (_what, given) => {
    const tls = { ...localhost, ca, requestCert: true, rejectUnauthorized: false };
    const shown: unknown[] = [];
    const show = (socket: Socket) => shown.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
    const other = await listen(guard, (socket) => show(socket) && socket.end(), { tls });
    const first = await listen(
      guard,
      (socket) => {
        show(socket);
        const location = `wss://localhost:${other.port}/`;
        socket.resume().end(`HTTP/1.1 307 There\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
      },
      { tls },
    );
    const options = { tls: given, redirects: 1, network: { family: 4 } } as const;
    await failureOf(connect(`wss://localhost:${first.port}/`, options));
    expect(shown).toEqual(["issued", undefined]);
  });
});

describe("a server that", () => {
  test("does not speak TLS", async () => {
    const { port } = await listen(
      guard,
      (socket) => void socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    const error = await failureOf(connect(`wss://localhost:${port}/`, { network: { family: 4 } }));
    expect(error).toMatchObject({ status: 0, cause: { code: expect.stringMatching(/^ERR_SSL_/) } });
    expect(error.message).toMatch(/^no TLS connection to localhost:\d+: .*wrong version number/s);
  });

  test("hangs up in the midst of it", async () => {
    const { port } = await listen(guard, (socket) => void socket.once("data", () => socket.destroy()));
    const error = await failureOf(connect(`wss://localhost:${port}/`, { network: { family: 4 } }));
    expect(error).toMatchObject({ status: 0, cause: { code: "ECONNRESET" } });
    expect(error.message).toMatch(/^no TLS connection to localhost:\d+: /);
  });

  test("speaks no version that we take", async () => {
    const { port } = await serveTls({ ...localhost, maxVersion: "TLSv1.2" });
    const error = await failureOf(
      connect(`wss://localhost:${port}/`, { tls: { ca, minVersion: "TLSv1.3" } }),
    );
    expect(error).toMatchObject({ status: 0, cause: { code: expect.stringMatching(/^ERR_SSL_/) } });
  });
});

test("what only Node finds wrong in tls, once connected, leaves no socket behind", async () => {
  const { port, socket } = await listen(guard);
  const session = "no Buffer" as unknown as Buffer;
  const error = await reasonOf(
    connect(`wss://localhost:${port}/`, { tls: { session }, network: { family: 4 } }),
  );
  expect(error).toBeInstanceOf(TypeError);
  // The guard looks at the sockets.
  await socket();
});
