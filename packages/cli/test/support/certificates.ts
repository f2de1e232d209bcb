// Certificates for tests, made when they are needed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A key and the certificate that it signed itself, and the files in which they are. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly keyFile: string;
  readonly certFile: string;
}

/** A certificate for this name. Its files are gone after the test. */
export function certificateFor(name: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "hawser-certificate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name}`;
  execFileSync(
    "openssl",
    [...words.split(" "), "-addext", `subjectAltName=DNS:${name}`, "-keyout", keyFile, "-out", certFile],
    { stdio: "pipe" },
  );
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8"), keyFile, certFile };
}
