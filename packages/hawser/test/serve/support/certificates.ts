// Certificates for tests, made when they are needed: no key lies in the repository, and none expires there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A key and the certificate that it signed itself. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

const made = new Map<string, KeyPair>();

/** A certificate for this name, good for two days; the same one each time in one file of tests. */
export function certificateFor(name: string): KeyPair {
  const known = made.get(name) ?? make(name);
  made.set(name, known);
  return known;
}

function make(name: string): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  try {
    const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name}`;
    execFileSync("openssl", [...words.split(" "), "-keyout", key, "-out", cert], { stdio: "pipe" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
