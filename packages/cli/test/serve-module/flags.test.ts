// The flags of hawser serve: what they ask for, and what does not go together.
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { expect, onTestFinished, test } from "vitest";
import { addServeFlags, planOf, type ServeFlags, type ServePlan } from "../../src/serve/flags.ts";
import { certificateFor } from "../support/certificates.ts";

function planFor(...args: readonly string[]): ServePlan {
  const { PORT } = process.env;
  delete process.env["PORT"];
  onTestFinished(() => {
    if (PORT !== undefined) process.env["PORT"] = PORT;
  });
  const plans: ServePlan[] = [];
  addServeFlags(new Command("serve"))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action((module: string | undefined, flags: ServeFlags, command: Command) => {
      plans.push(planOf(module, flags, command));
    })
    .parse(args, { from: "user" });
  const [plan] = plans;
  if (plan === undefined) throw new Error("no plan");
  return plan;
}

test("a module alone: one member, on the loopback address", () => {
  expect(planFor("./chat.ts")).toEqual({
    kind: "module",
    module: "./chat.ts",
    place: { host: "127.0.0.1", port: 8080 },
    options: { workers: 1, origins: undefined, versions: undefined },
    readTls: undefined,
    watch: false,
  });
});

test("all that can be said about a module", () => {
  const flags = ["--workers", "auto", "--watch", "--host", "::1", "--port", "9000"];
  const origins = ["--origin", "https://a.example", "--origin", "null"];
  const versions = ["--version", "rfc6455", "--version", "hixie-76", "--version", "rfc6455"];
  expect(planFor("chat.ts", ...flags, ...origins, ...versions)).toEqual({
    kind: "module",
    module: "chat.ts",
    place: { host: "::1", port: 9000 },
    options: { workers: "auto", origins: ["https://a.example", "null"], versions: ["rfc6455", "hixie-76"] },
    readTls: undefined,
    watch: true,
  });
  expect(planFor("chat.ts", "--workers", "4", "--unix", "/run/chat.sock")).toMatchObject({
    place: { socketPath: "/run/chat.sock" },
    options: { workers: 4 },
  });
});

test.each(["any", "*"])("all origins, as %s", (word) => {
  expect(planFor("chat.ts", "--origin", "https://a.example", "--origin", word)).toMatchObject({
    options: { origins: "any" },
  });
});

test("the demo", () => {
  expect(planFor("--demo", "--port", "0")).toEqual({ kind: "demo", host: "127.0.0.1", port: 0 });
});

test.each<[string, string[], RegExp]>([
  ["neither a module nor the demo", [], /give a module to serve, as hawser serve \.\/chat\.ts, or --demo/],
  ["both", ["--demo", "chat.ts"], /--demo serves the demo, and not chat\.ts/],
  ["two modules", ["a.ts", "b.ts"], /too many arguments/],
  ["the demo on all cores", ["--demo", "--workers", "4"], /--workers is for a module, and not for --demo/],
  ["the demo over TLS", ["--demo", "--tls-key", "a"], /--tls-key is for a module/],
  ["no member", ["chat.ts", "--workers", "0"], /a whole number from 1 to 999, or "auto"/],
  ["half a member", ["chat.ts", "--workers", "0.5"], /a whole number from 1 to 999/],
  ["a version that is none", ["chat.ts", "--version", "13"], /Allowed choices are rfc6455, .*hixie-75/],
  [
    "a socket and a port",
    ["chat.ts", "--unix", "a", "--port", "1"],
    /--unix and --port cannot be used together/,
  ],
  ["a socket without a name", ["chat.ts", "--unix", ""], /--unix needs the path of a socket/],
  ["a certificate without a key", ["chat.ts", "--tls-cert", "a"], /--tls-cert and --tls-key need each other/],
])("%s is wrong use", (_name, args, complaint) => {
  expect(() => planFor(...args)).toThrow(complaint);
});

test("a certificate and its key, read again whenever they are asked for", () => {
  const { key, cert, keyFile, certFile } = certificateFor("one.example");
  const other = certificateFor("two.example");
  const plan = planFor("chat.ts", "--tls-cert", certFile, "--tls-key", keyFile);
  const read = plan.kind === "module" ? plan.readTls : undefined;
  expect(read?.()).toEqual({ key, cert });
  writeFileSync(keyFile, other.key);
  expect(read).toThrow(/^the key in \S+ is not that of the certificate in \S+$/);
  writeFileSync(certFile, other.cert);
  expect(read?.()).toEqual({ key: other.key, cert: other.cert });
});

test("what is no certificate, and no key of it", () => {
  const { keyFile, certFile } = certificateFor("one.example");
  const other = certificateFor("two.example");
  const wrong = (cert: string, key: string) => () => planFor("chat.ts", "--tls-cert", cert, "--tls-key", key);
  expect(wrong("none.pem", keyFile)).toThrow("cannot read none.pem: there is no such file");
  expect(wrong(keyFile, keyFile)).toThrow(/there is no certificate \(PEM\) in \S+key\.pem/);
  expect(wrong(certFile, certFile)).toThrow(/there is no private key \(PEM, .*\) in \S+cert\.pem/);
  expect(wrong(other.certFile, keyFile)).toThrow(/is not that of the certificate in/);
});
