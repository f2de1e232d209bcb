// examples/new-certificate.ts
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "hawser";
import { expect, onTestFinished, test, vi } from "vitest";
import { renew, start } from "../../../../examples/new-certificate.ts";
import { certificateFor, type KeyPair } from "../serve/support/certificates.ts";

test("who is connected stays so, and who comes gets the new one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = { key: join(folder, "key.pem"), cert: join(folder, "cert.pem") };
  const put = ({ key, cert }: KeyPair) => {
    writeFileSync(files.key, key);
    writeFileSync(files.cert, cert);
  };
  const [first, second] = [certificateFor("first"), certificateFor("second")];
  put(first);
  const server = await start(0, files);
  onTestFinished(async () => void (await server.close()));
  /** Connects, if the server's certificate is this one. */
  const trusting = ({ cert }: KeyPair) =>
    connect(server.url, { tls: { ca: cert, checkServerIdentity: () => undefined } });

  const before = await trusting(first);
  onTestFinished(async () => void (await before.terminate()));
  put(second);
  expect(renew(server, files)).toBe(true);
  await (await trusting(second)).close();
  await expect(trusting(first)).rejects.toThrow("certificate");
  before.send("still here");
  expect(await before.receive()).toBe("still here");

  const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
  writeFileSync(files.cert, "half a file");
  expect(renew(server, files)).toBe(false);
  expect(said.mock.calls.join()).toContain("the old certificate stays");
  await (await trusting(second)).close();
});
