// A certificate authority of the tests' own, with openssl: what it issues is as real as any, and in no file of the repository.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyPair } from "../../serve/support/certificates.ts";

const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes".split(" ");

/** Signs certificates for names and addresses. */
export class Authority {
  /** What clients are to trust. */
  readonly cert: string;
  readonly #key: string;

  constructor(name = "Test Authority") {
    const { key, cert } = inFolder((folder, openssl) => {
      openssl(["req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${name}`, ...files(folder)]);
    });
    this.#key = key;
    this.cert = cert;
  }

  /** @param names of servers, as "DNS:localhost" or "IP:127.0.0.1"; of a client, whatever it is called */
  issue(...names: readonly string[]): KeyPair {
    return inFolder((folder, openssl) => {
      writeFileSync(join(folder, "ca-key.pem"), this.#key);
      writeFileSync(join(folder, "ca.pem"), this.cert);
      writeFileSync(join(folder, "names"), `subjectAltName=${names.join(",")}\n`);
      const request = join(folder, "request.pem");
      openssl([
        "req",
        "-new",
        ...newKey,
        "-subj",
        "/CN=issued",
        "-keyout",
        join(folder, "key.pem"),
        "-out",
        request,
      ]);
      const by = ["-CA", join(folder, "ca.pem"), "-CAkey", join(folder, "ca-key.pem"), "-CAcreateserial"];
      const out = ["-extfile", join(folder, "names"), "-days", "2", "-out", join(folder, "cert.pem")];
      openssl(["x509", "-req", "-in", request, ...by, ...out]);
    });
  }
}

function files(folder: string): string[] {
  return ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
}

/** Runs openssl in a folder of its own, in which it leaves key.pem and cert.pem. */
function inFolder(make: (folder: string, openssl: (words: readonly string[]) => void) => void): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "hawser-test-"));
  try {
    make(folder, (words) => void execFileSync("openssl", words, { stdio: "pipe" }));
    return {
      key: readFileSync(join(folder, "key.pem"), "utf8"),
      cert: readFileSync(join(folder, "cert.pem"), "utf8"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
