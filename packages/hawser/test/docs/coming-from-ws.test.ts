// docs/coming-from-ws.md: its code is the code that the tests beside this one run, and nothing of `ws` is missing.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defaultLimits, defaultTimeouts } from "hawser";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { blocks, page } from "./support.ts";

const { path, text } = page("docs/coming-from-ws.md");
const code = blocks({ path, text })
  .filter(({ language }) => language === "ts")
  .map((block) => block.code);

/** What stands between region markers in the tests, without their indentation, by name: `echo: ws`. */
const regions = new Map<string, string>();
for (const file of readdirSync(import.meta.dirname)) {
  if (!/^coming-from-ws-.*\.test\.ts$/.test(file)) continue;
  const source = readFileSync(join(import.meta.dirname, file), "utf8");
  for (const region of source.matchAll(/^( *)\/\/ #region (.+)\n([\s\S]*?)^ *\/\/ #endregion\n/gm)) {
    const [, indent = "", name = "", body = ""] = region;
    if (regions.has(name)) throw new Error(`two regions are called ${name}`);
    regions.set(name, body.replaceAll(new RegExp(`^${indent}`, "gm"), ""));
  }
}

describe("the code", () => {
  test("of the page is that of the tests, each once", () => {
    expect([...code].sort()).toEqual([...regions.values()].sort());
  });

  test.each([...regions.keys()].filter((name) => name.endsWith(": ws")))(
    "%s stands before Hawser's",
    (name) => {
      const at = code.indexOf(regions.get(name) ?? "");
      expect(code[at + 1]).toBe(regions.get(name.replace(/ws$/, "Hawser")));
    },
  );
});

const sources = join(dirname(createRequire(import.meta.url).resolve("ws")), "lib");
const source = (file: string) => readFileSync(join(sources, file), "utf8");
const everywhere = readdirSync(sources).map(source).join("\n");
const found = (where: string, pattern: RegExp) => [
  ...new Set([...where.matchAll(pattern)].map(([, name = ""]) => name)),
];

/** The public members of a class of `ws`. */
function members({ prototype }: { readonly prototype: object }, inside: readonly string[]): string[] {
  return Object.getOwnPropertyNames(prototype).filter(
    (name) => name !== "constructor" && !inside.includes(name),
  );
}

describe("nothing is missing", () => {
  const events = found(source("websocket.js") + source("websocket-server.js"), /emit\(\s*'([\w-]+)'/g);
  const bound = found(source("websocket-server.js"), /emit\.bind\(this, '(\w+)'\)/g);

  test.each([
    ["event", [...events, ...bound]],
    ["method or property of a server", members(WebSocketServer, ["completeUpgrade"])],
    ["method or property of a connection", members(WebSocket, ["setSocket", "emitClose"])],
    ["static", Object.keys(WebSocket)],
    ["error code", found(everywhere, /'(WS_ERR_\w+)'/g)],
    ["environment variable", found(everywhere, /process\.env\.(\w+)/g)],
    [
      "option of compression",
      found(source("permessage-deflate.js"), /\[options\.(\w+)/g).filter((name) => name !== "isServer"),
    ],
    ["option of send()", ["binary", "compress", "fin", "mask"]],
  ])("no %s", (_, names) => {
    expect(names.length).toBeGreaterThan(1);
    const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, words = ""]) => words).join("\n");
    expect(names.filter((name) => !new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(code))).toEqual([]);
  });

  test("the version is the one that is installed", () => {
    const { version } = createRequire(import.meta.url)("ws/package.json") as { version: string };
    expect(text).toContain(`\`ws\` ${version.split(".").slice(0, 2).join(".")} `);
  });
});

/** A default, as the comments in `ws` have it, in the words of the page. */
function inWords(name: string, value: string | undefined): string {
  if (value === undefined) return "none";
  if (name === "closeTimeout") return `${Number(value) / 1000} s`;
  if (name === "maxPayload") return `${Number(value) / 2 ** 20} MiB`;
  return /^\d+$/.test(value) ? Number(value).toLocaleString("en") : `\`${value}\``;
}

describe.each([
  ["server", "websocket-server.js", "constructor(options, callback)"],
  ["client", "websocket.js", "function initAsClient"],
])("options of the %s", (heading, file, before) => {
  const comment = source(file).split(before)[0]?.split("/**").at(-1) ?? "";
  const options = [...comment.matchAll(/@param \{[^\n]+\} \[options\.(\w+)(?:=(\w+))?\]/g)];
  const [, section = ""] = text.split(`### Options of the ${heading}`);
  const [table = ""] = section.split("\n#");

  test("are there", () => expect(options.length).toBeGreaterThan(15));

  test.each(options.map(([, name = "", value]) => [name, inWords(name, value)] as const))(
    "%s: %s",
    (name, value) => {
      expect(table).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\| ${value} \\| `, "m"));
    },
  );
});

describe("a limit or timeout of ours", () => {
  const named = found(text, /`((?:limits|timeouts)\.\w+)`/g);
  const defaults: Record<string, number> = {
    ...prefixed("limits", defaultLimits),
    ...prefixed("timeouts", defaultTimeouts),
  };
  const told = [...text.matchAll(/`((?:limits|timeouts)\.\w+)` \(([^)]+)\)/g)];

  function prefixed(group: string, values: object): Record<string, number> {
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`${group}.${name}`, Number(value)]),
    );
  }

  test.each(named)("%s exists", (name) => expect(Object.keys(defaults)).toContain(name));

  test.each(told.map(([, name = "", value = ""]) => [name, value] as const))("%s is %s", (name, value) => {
    const number = defaults[name] ?? 0;
    const bytes = number % 2 ** 20 === 0 ? `${number / 2 ** 20} MiB` : `${number / 1024} KiB`;
    const words = name.startsWith("timeouts") ? `${number / 1000} s` : bytes;
    expect([words, number.toLocaleString("en")]).toContain(value);
  });
});
