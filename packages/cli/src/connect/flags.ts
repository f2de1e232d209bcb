// The flags of `hawser connect`, and what they ask of the library.
import type { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { allVersions, type ConnectOptions, type WireVersion } from "hawser";
import { describeFileError } from "../file-error.ts";
import { addressOf } from "./address.ts";
import type { TalkOptions } from "./front.ts";
import { hasBinary, hasPing } from "./wire-version.ts";

/** What commander makes of the command line. */
export interface ConnectFlags {
  readonly header: readonly (readonly [name: string, value: string])[];
  readonly subprotocol: readonly string[];
  readonly origin?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: true;
  readonly servername?: string;
  readonly proxy?: string;
  readonly redirects: number;
  readonly timeout: number;
  readonly pingInterval: number;
  readonly maxMessage?: number;
  readonly version: WireVersion;
  readonly lenient?: true;
  readonly jsonl?: true;
  readonly binary?: true;
  readonly once?: true;
  readonly reconnect?: true;
  readonly wait: number;
  readonly quiet?: true;
  readonly color: boolean;
}

/** What `hawser connect` is to do. */
export interface ConnectPlan {
  readonly url: string;
  /** All of it but the proxy and the limits. */
  readonly options: ConnectOptions;
  /** The URL of one, or "environment". */
  readonly proxy: string | undefined;
  /** The largest message to receive, in bytes. */
  readonly maxMessage: number | undefined;
  readonly insecure: boolean;
  readonly reconnect: boolean;
  readonly talk: TalkOptions;
}

/** Adds the argument and the flags to a command. */
export function addConnectFlags(command: Command): Command {
  const option = (flags: string, description: string) => new Option(flags, description);
  const url = "ws:// or wss://; without either ws for this machine (:8080/path), wss for all others";
  command.argument("<url>", url);
  const options = [
    option("-H, --header <line>", 'a header for the request, "Name: value"; may be repeated')
      .argParser(collectHeader)
      .default([], "none"),
    option("-s, --subprotocol <name>", "a subprotocol to offer; may be repeated")
      .argParser(collect)
      .default([], "none"),
    option("--origin <origin>", "the Origin of the request, as a browser would send it"),
    option("--ca <file>", "trust the certificates in this file (PEM) and no others"),
    option("--cert <file>", "a certificate to show to the server (PEM)"),
    option("--key <file>", "its private key (PEM)"),
    option("--insecure", "do not check the server's certificate"),
    option("--servername <name>", "the name to ask and check the certificate for"),
    option("--proxy <url>", 'http, https, socks4, socks5 or socks5h; or "environment"'),
    option("--redirects <count>", "how many redirects to follow").argParser(parseCount).default(0),
    option("--timeout <seconds>", 'for connecting; "none" for no end')
      .argParser(parseTimeout)
      .default(10_000, "10"),
    option("--ping-interval <seconds>", 'between pings; "none" for no pings')
      .argParser(parseTimeout)
      .default(25_000, "25"),
    option("--max-message <size>", "the largest message to receive, as 64K or 16M").argParser(parseSize),
    option("--version <version>", "the wire version to speak").choices(allVersions).default("rfc6455"),
    option("--lenient", "with old versions: take answers that leave headers out"),
    option("--jsonl", "a line of JSON for each message, both ways").conflicts("binary"),
    option("--binary", "the input is one binary message; nothing between messages in the output").conflicts(
      "reconnect",
    ),
    option("--once", "close after the first message that comes"),
    option(
      "--wait <seconds>",
      'close when nothing came for so long after the end of the input; "none": never',
    )
      .argParser(parseSeconds)
      .default(1000, "1"),
    option("--reconnect", "connect again when the connection is lost, for as long as that makes sense"),
    option("-q, --quiet", "say only what goes wrong"),
    option("--no-color", "no colours"),
  ];
  for (const each of options) command.addOption(each);
  return command;
}

/** What the arguments ask for. Ends the program through the command for flags that do not go together. */
export function planOf(typed: string, flags: ConnectFlags, command: Command): ConnectPlan {
  const { jsonl, binary, once, wait, quiet, color, proxy } = flags;
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    command.error("--cert and --key need each other");
  }
  checkVersion(flags, command);
  const format = jsonl ? "jsonl" : binary ? "binary" : "lines";
  return {
    url: addressOf(typed),
    options: {
      headers: flags.origin === undefined ? flags.header : [...flags.header, ["Origin", flags.origin]],
      subprotocols: flags.subprotocol,
      redirects: flags.redirects,
      version: flags.version,
      lenient: flags.lenient === true,
      timeouts: { handshake: flags.timeout, keepalive: flags.pingInterval },
      tls: tlsOf(flags, command),
    },
    proxy,
    maxMessage: flags.maxMessage,
    insecure: flags.insecure === true,
    reconnect: flags.reconnect === true,
    talk: { format, once: once === true, wait, quiet: quiet === true, color },
  };
}

/** What was asked for in so many words, and has no form in the version. */
function checkVersion({ version, binary, pingInterval }: ConnectFlags, command: Command): void {
  if (binary === true && !hasBinary(version)) {
    command.error(`--binary cannot be used with ${version}, which carries text only`);
  }
  const asked = command.getOptionValueSource("pingInterval") === "cli" && Number.isFinite(pingInterval);
  if (asked && !hasPing(version))
    command.error(`--ping-interval cannot be used with ${version}, which has no pings`);
}

function tlsOf(
  { ca, cert, key, insecure, servername }: ConnectFlags,
  command: Command,
): ConnectOptions["tls"] {
  const read = (path: string) => {
    try {
      return readFileSync(path);
    } catch (error) {
      return command.error(describeFileError(path, error));
    }
  };
  return {
    ...(ca !== undefined && { ca: authoritiesOf(ca, read(ca), command) }),
    ...(cert !== undefined && { cert: read(cert) }),
    ...(key !== undefined && { key: read(key) }),
    ...(servername !== undefined && { servername }),
    ...(insecure === true && { rejectUnauthorized: false }),
  };
}

/** Node passes over what is no certificate, and then nobody is trusted without a word why. */
function authoritiesOf(path: string, pem: Buffer, command: Command): Buffer {
  if (!/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(pem.toString("latin1"))) {
    command.error(`there is no certificate (PEM) in ${path}`);
  }
  return pem;
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function collectHeader(
  line: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const [, name, value] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('A header is written as "Name: value".');
  }
  return [...before, [name, value]];
}

function parseCount(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number up to 999.");
}

/** Milliseconds. */
function parseSeconds(text: string): number {
  if (text === "none") return Number.POSITIVE_INFINITY;
  // What is longer does not fit into a timer.
  if (/^\d{1,6}(\.\d{1,3})?$/.test(text)) return Math.round(Number(text) * 1000);
  throw new InvalidArgumentError('It is a number of seconds, as 2 or 0.5, or "none".');
}

/** Milliseconds, and not 0: the other end needs some. */
function parseTimeout(text: string): number {
  const milliseconds = parseSeconds(text);
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError("It must be more than 0.");
}

/** Bytes. */
function parseSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,9})([KMG]?)$/i.exec(text) ?? [];
  const size = Number(number) * 1024 ** " KMG".indexOf(unit.toUpperCase() || " ");
  if (number !== "" && size > 0) return size;
  throw new InvalidArgumentError("It is a number of bytes, as 65536, 64K, 16M or 1G.");
}
