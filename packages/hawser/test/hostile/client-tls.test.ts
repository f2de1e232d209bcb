// Hostile TLS at a client: T2, T6 and T8. What a certificate is worth, whatever the environment says, and streams that are cut.
import { Buffer } from "node:buffer";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "hawser";
import { describe, expect, test } from "vitest";
import { certificateFor, type KeyPair } from "../serve/support/certificates.ts";
import { plain } from "../support/frames.ts";
import { ClientGuard } from "./client-guard.ts";

const guard = new ClientGuard();
const local = certificateFor("localhost");

/** A certificate for localhost that is good between these days, as YYMMDDHHMMSSZ. */
function certificateBetween(from: string, to: string): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  const openssl = (words: string) =>
    execFileSync("openssl", words.split(" "), { cwd: folder, stdio: "pipe" });
  try {
    openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout key.pem -out csr.pem",
    );
    execFileSync(
      "sh",
      [
        "-c",
        "touch index.txt && echo 01 > serial && printf '[ca]\\ndefault_ca=d\\n[d]\\nnew_certs_dir=.\\ndatabase=index.txt\\nserial=serial\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' > ca.cnf",
      ],
      { cwd: folder },
    );
    openssl(
      `ca -config ca.cnf -batch -notext -selfsign -keyfile key.pem -in csr.pem -out cert.pem -startdate ${from} -enddate ${to}`,
    );
    return {
      key: readFileSync(join(folder, "key.pem"), "utf8"),
      cert: readFileSync(join(folder, "cert.pem"), "utf8"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Row = readonly [
  what: string,
  pair: KeyPair,
  ca: KeyPair | undefined,
  name: string,
  code: string,
  message: RegExp,
];

const bad: readonly Row[] = [
  [
    "expired",
    certificateBetween("200101000000Z", "200201000000Z"),
    undefined,
    "localhost",
    "CERT_HAS_EXPIRED",
    /expired/,
  ],
  [
    "not yet valid",
    certificateBetween("480101000000Z", "490101000000Z"),
    undefined,
    "localhost",
    "CERT_NOT_YET_VALID",
    /not yet valid/,
  ],
  [
    "signed by itself",
    local,
    certificateFor("other.example"),
    "localhost",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    /self-signed certificate/,
  ],
  [
    "for another name",
    certificateFor("other.example"),
    undefined,
    "localhost",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    /other\.example/,
  ],
  [
    "for a name, and not the address",
    local,
    undefined,
    "127.0.0.1",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    /127\.0\.0\.1/,
  ],
];

describe.each(bad)("T2: a certificate that is %s", (_what, pair, ca, name, code, message) => {
  async function server() {
    const asked: Buffer[] = [];
    const listening = await guard.server(
      (caller) => void caller.socket.on("data", (bytes) => asked.push(bytes)),
      { tls: pair },
    );
    return { asked, url: listening.url("/", name) };
  }

  test("fails with a readable error, and no byte of the handshake goes out", async () => {
    const { asked, url } = await server();
    const error = await guard.failure(url, { tls: { ca: (ca ?? pair).cert } });
    expect(error).toMatchObject({ status: 0, cause: { code } });
    expect(error.message).toMatch(message);
    await new Promise(setImmediate);
    expect(asked).toEqual([]);
  });

  test("is taken by who turns rejectUnauthorized off", async () => {
    const listening = await guard.server((caller) => caller.accept(), { tls: pair });
    const ws = await guard.open(listening.url("/", name), { tls: { rejectUnauthorized: false } });
    expect(ws.phase).toBe("open");
  });
});

test("T2: a certificate of a CA that is trusted is taken, by name and by servername", async () => {
  const listening = await guard.server((caller) => caller.accept(), { tls: certificateFor("one.example") });
  const tls = { ca: certificateFor("one.example").cert };
  expect((await guard.failure(listening.url("/", "localhost"), { tls })).cause).toMatchObject({
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  await guard.open(listening.url("/", "localhost"), { tls: { ...tls, servername: "one.example" } });
});

test("T2: plain HTTP where TLS should be, and TLS where plain HTTP should be", async () => {
  const plainServer = await guard.server((caller) => caller.write("HTTP/1.1 400 No\r\n\r\n"));
  const error = await guard.failure(`wss://127.0.0.1:${plainServer.port}`);
  expect(error).toMatchObject({ status: 0, cause: { code: "ERR_SSL_WRONG_VERSION_NUMBER" } });
  const secure = await guard.server(undefined, { tls: local });
  expect((await guard.failure(`ws://127.0.0.1:${secure.port}`)).message).toMatch(/TLS|hung up/);
});

describe("T8: rejectUnauthorized", () => {
  test.each([
    ["not given", undefined],
    ["an empty object", {}],
    ["undefined", { rejectUnauthorized: undefined }],
    ["true", { rejectUnauthorized: true }],
  ] as const)("is true: %s", async (_what, tls) => {
    const listening = await guard.server(undefined, { tls: local });
    const error = await guard.failure(listening.url("/", "localhost"), { tls });
    expect(error).toMatchObject({ status: 0, cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });
  });

  test.each([null, 0, 1, "", "false", Number.NaN, {}])("is no %j", async (rejectUnauthorized) => {
    await expect(connect("wss://localhost/", { tls: { rejectUnauthorized } as never })).rejects.toThrow(
      TypeError,
    );
  });

  test.each([null, "none", true])("tls is no %j", async (tls) => {
    await expect(connect("wss://localhost/", { tls: tls as never })).rejects.toThrow(TypeError);
  });

  test.each(["", "undefined"])(
    "is true with NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment (given: %j)",
    async (given) => {
      const listening = await guard.server(undefined, { tls: local });
      const source = new URL("../../src/index.ts", import.meta.url);
      const tls = given === "" ? "" : `, { tls: { rejectUnauthorized: ${given} } }`;
      const program = `
      const { connect } = await import(${JSON.stringify(source.href)});
      await connect(${JSON.stringify(listening.url("/", "localhost"))}${tls}).then(
        () => console.log("connected"),
        (error) => console.log(error.cause.code),
      );`;
      const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: "0" },
        stdio: ["ignore", "pipe", "ignore"],
      });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
      await once(child, "close");
      expect(output.trim()).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
    },
  );
});

describe("T6: the end of TCP without close_notify is 1006:", () => {
  test.each([
    ["in a message", plain.text("unfin", { fin: false }), "end"],
    ["in a frame", plain.text("unfinished").subarray(0, 5), "end"],
    ["between frames", Buffer.alloc(0), "end"],
    ["in a message, by a reset", plain.text("unfin", { fin: false }), "reset"],
    ["in a TLS record", "record", "end"],
    ["in a TLS record, by a reset", "record", "reset"],
  ] as const)("%s", async (_where, bytes, how) => {
    const secure = await guard.server(
      async (caller) => {
        await caller.accept();
        caller.write(plain.text("hello"), bytes === "record" ? "" : bytes);
      },
      { tls: local },
    );
    // A wire in the middle, which can be cut.
    let cut: (() => void) | undefined;
    const middle = createServer({ allowHalfOpen: true }, (socket) => {
      const beyond = netConnect(secure.port, "127.0.0.1");
      socket.pipe(beyond);
      beyond.pipe(socket);
      socket.on("error", () => beyond.destroy());
      beyond.on("error", () => undefined);
      cut = () => {
        beyond.unpipe(socket);
        // The first bytes of a record of application data.
        if (bytes === "record") socket.write(Buffer.from("1703030040deadbeef", "hex"));
        if (how === "end") socket.end();
        else socket.resetAndDestroy();
        beyond.destroy();
      };
      socket.once("close", () => beyond.destroy());
    });
    await once(middle.listen(0, "127.0.0.1"), "listening");
    guard.closing(middle);
    const ws = await guard.open(`wss://localhost:${Object(middle.address()).port}`, {
      tls: { ca: local.cert },
    });
    expect(await ws.receive()).toBe("hello");
    cut?.();
    expect(await ws.receive()).toBeUndefined();
    expect(await ws.closed).toMatchObject({
      code: 1006,
      clean: false,
      cause: "lost",
      messages: { received: 1 },
    });
  });
});
