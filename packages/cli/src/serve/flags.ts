// The flags of `hawser serve`, and what they ask for.
import { readFileSync } from "node:fs";
import { createSecureContext, type TlsOptions } from "node:tls";
import { type Command, InvalidArgumentError, Option } from "commander";
import { allVersions, type PoolOptions, type WireVersion } from "hawser";
import { describeFileError } from "../file-error.ts";
import type { WantedPlace } from "../listen-error.ts";

/** What commander makes of the command line. */
export interface ServeFlags {
  readonly demo?: true;
  readonly port: number;
  readonly host: string;
  readonly unix?: string;
  readonly workers: number | "auto";
  readonly watch?: true;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly origin?: readonly string[];
  readonly version?: readonly WireVersion[];
}

/** What `hawser serve` is to do: serve the demo, or a module. */
export type ServePlan =
  | { readonly kind: "demo"; readonly host: string; readonly port: number }
  | ({ readonly kind: "module" } & ModulePlan);

/** Which module, and how it is served. */
export interface ModulePlan {
  /** As it was typed. */
  readonly module: string;
  readonly place: WantedPlace;
  /** Beside the place. */
  readonly options: Pick<PoolOptions, "workers" | "origins" | "versions">;
  /** Reads the certificate and its key, as they are now. Throws with what is wrong with them. */
  readonly readTls: (() => TlsOptions) | undefined;
  readonly watch: boolean;
}

/** Flags that mean nothing to the demo. */
const ofModules = ["unix", "workers", "watch", "tlsCert", "tlsKey", "origin", "version"] as const;

/** Adds the argument and the flags to a command. */
export function addServeFlags(command: Command): Command {
  const option = (flags: string, description: string) => new Option(flags, description);
  command.argument("[module]", "the module whose default export is served: a path, or a file: URL");
  const options = [
    option("--demo", "serve the demo instead: an echo, a chat and a cat, with a page to try them from"),
    portOption(),
    option("--host <address>", "the address to listen on").argParser(parseHost).default("127.0.0.1"),
    option("--unix <path>", "listen on a socket in the file system instead"),
    option(
      "--workers <count>",
      'how many processes serve, or "auto": one for each core; what a module has in memory is not shared between them',
    )
      .argParser(parseWorkers)
      .default(1),
    option("--watch", "restart when the module or what it imports has changed"),
    option("--tls-cert <file>", "a certificate (PEM): speak TLS"),
    option("--tls-key <file>", "its private key (PEM)"),
    option(
      "--origin <origin>",
      'web pages that may connect, as https://app.example, beside the server\'s own; "any" for all; may be repeated',
    ).argParser(collectOrigin),
    option(
      "--version <version>",
      'a wire version to accept, as hixie-76, beside others that are named so; without this flag "rfc6455"',
    ).argParser(collectVersion),
  ];
  for (const each of options) command.addOption(each);
  return command;
}

/** What the arguments ask for. Ends the program through the command for what does not go together. */
export function planOf(module: string | undefined, flags: ServeFlags, command: Command): ServePlan {
  const { demo, host, port, workers, origin, version } = flags;
  if (demo === true) {
    if (module !== undefined) command.error(`--demo serves the demo, and not ${module}`);
    const given = ofModules.find((name) => command.getOptionValueSource(name) === "cli");
    if (given !== undefined) command.error(`${flagOf(given, command)} is for a module, and not for --demo`);
    return { kind: "demo", host, port };
  }
  if (module === undefined) {
    return command.error("give a module to serve, as hawser serve ./chat.ts, or --demo");
  }
  return {
    kind: "module",
    module,
    place: placeOf(flags, command),
    options: { workers, origins: originsOf(origin), versions: version },
    readTls: tlsReader(flags, command),
    watch: flags.watch === true,
  };
}

function placeOf({ unix, host, port }: ServeFlags, command: Command): WantedPlace {
  if (unix === undefined) return { host, port };
  if (unix === "") return command.error("--unix needs the path of a socket");
  const other = (["port", "host"] as const).find((name) => command.getOptionValueSource(name) === "cli");
  if (other !== undefined) return command.error(`--unix and --${other} cannot be used together`);
  return { socketPath: unix };
}

function originsOf(given: readonly string[] | undefined): PoolOptions["origins"] {
  return given?.includes("any") === true ? "any" : given;
}

function tlsReader({ tlsCert, tlsKey }: ServeFlags, command: Command): (() => TlsOptions) | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    return command.error("--tls-cert and --tls-key need each other");
  }
  const reader = () => readTls(tlsCert, tlsKey);
  try {
    reader();
  } catch (error) {
    return command.error(error instanceof Error ? error.message : String(error));
  }
  return reader;
}

/** Throws with what is wrong with them, on one line. */
function readTls(certFile: string, keyFile: string): TlsOptions {
  const cert = read(certFile);
  const key = read(keyFile);
  try {
    createSecureContext({ cert });
  } catch {
    throw new Error(`there is no certificate (PEM) in ${certFile}`);
  }
  try {
    createSecureContext({ key });
  } catch {
    throw new Error(`there is no private key (PEM, without a passphrase) in ${keyFile}`);
  }
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new Error(`the key in ${keyFile} is not that of the certificate in ${certFile}`);
  }
  return { cert, key };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(describeFileError(path, error));
  }
}

function flagOf(name: (typeof ofModules)[number], command: Command): string {
  return command.options.find((option) => option.attributeName() === name)?.long ?? name;
}

function portOption(): Option {
  const option = new Option("--port <number>", "the port to listen on; 0 takes a free one")
    .argParser(parsePort)
    .default(8080);
  // An empty variable is how a shell says that there is none.
  return (process.env["PORT"] ?? "") === "" ? option : option.env("PORT");
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
}

function parseHost(text: string): string {
  if (text.trim() !== "") return text.trim();
  throw new InvalidArgumentError("A host is an address of this machine, or a name of one.");
}

function parseWorkers(text: string): number | "auto" {
  if (text === "auto") return text;
  const count = Number(text);
  if (/^\d{1,3}$/.test(text) && count > 0) return count;
  throw new InvalidArgumentError('It is a whole number from 1 to 999, or "auto".');
}

function collectOrigin(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text === "*" ? "any" : text];
}

function collectVersion(text: string, before: readonly WireVersion[] = []): readonly WireVersion[] {
  const version = allVersions.find((name) => name === text);
  if (version !== undefined) return before.includes(version) ? before : [...before, version];
  throw new InvalidArgumentError(`Allowed choices are ${allVersions.join(", ")}.`);
}
