// What the pages say, where it can be held against the code.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as hawser from "hawser";
import { violations } from "hawser/wire";
import { describe, expect, test } from "vitest";
import { rows } from "../hostile/handshake-rows.ts";
import { filesBelow, page, pages, root } from "./support.ts";

describe("docs/architecture.md", () => {
  const listed = [...page("docs/architecture.md").text.matchAll(/^- `([\w/.-]+\.ts)`: /gm)].map(
    ([, path = ""]) => path,
  );

  test("lists every file of src, and no other", () => {
    const files = filesBelow(join(root, "packages/hawser/src"));
    expect([...listed].sort((one, other) => one.localeCompare(other))).toEqual(files);
  });
});

/** A default as the tables write it. */
function written(value: number, unit: "bytes" | "ms" | "count"): string {
  if (value === Number.POSITIVE_INFINITY) return "none";
  if (unit === "ms") return `${value / 1000} s`;
  if (unit === "bytes") return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : `${value / 1024} KiB`;
  return value.toLocaleString("en");
}

/** The limits that are no bytes. */
const counts = new Set(["headers", "connections", "handshakes", "rate"]);

const defaults = [
  ...Object.entries(hawser.defaultLimits).map(
    ([name, value]) => [`limits.${name}`, written(value, counts.has(name) ? "count" : "bytes")] as const,
  ),
  ...Object.entries(hawser.defaultTimeouts).map(
    ([name, value]) => [`timeouts.${name}`, written(value, "ms")] as const,
  ),
];

describe.each(["README.md", "docs/security.md"])("%s has the default of", (path) => {
  test.each(defaults)("%s: %s", (name, value) => {
    expect(page(path).text).toMatch(new RegExp(`^\\| \`${name}\` \\| ${value} \\|`, "m"));
  });
});

test("docs/attaching.md has the inputs that Node decides behind upgrade()", () => {
  const [, table = ""] = page("docs/attaching.md").text.split(/<!-- .*rows decided by Node -->/);
  const found = [...table.matchAll(/^\| (H\d+) \| (.+) \| (\d+) \| (\d+|no .*) \|$/gm)];
  const decided = rows.filter(({ node }) => node !== undefined);
  expect(
    found.map(([, row, what, serve, upgrade]) => [
      row,
      what,
      serve,
      upgrade?.startsWith("no") ? "404" : upgrade,
    ]),
  ).toEqual(decided.map(({ row, what, status, node }) => [row, what, `${status}`, `${node}`]));
});

describe("docs/versions.md", () => {
  const { text } = page("docs/versions.md");

  test("has every version, the oldest first", () => {
    const named = [...text.matchAll(/^\| `([\w-]+)`(?:, [^|]*)? \| \w+ 20\d\d \|/gm)].map(
      ([, version]) => version,
    );
    expect(named).toEqual([...hawser.allVersions].reverse());
  });

  test.each(hawser.allVersions)("says what %s can carry", (version) => {
    const { can } = hawser.testPair({ version }).client;
    const { binary, fragments, ping, closeCode } = can;
    const told = [binary, fragments, ping, closeCode].map((able) => (able ? "yes" : "no")).join(" | ");
    const compression = version === "rfc6455" ? "where it was agreed on" : "no";
    expect(text).toContain(`\n| \`${version}\` | ${told} | ${compression} |\n`);
  });
});

describe("docs/closing.md", () => {
  const { text } = page("docs/closing.md");

  test.each(Object.entries(violations))("has the violation %s", (name, { closeCode }) => {
    expect(text).toMatch(new RegExp(`^\\| ${closeCode} \\|.*\`${name}\``, "m"));
  });

  test("has every cause of a close report", () => {
    const source = readFileSync(join(root, "packages/hawser/src/connection/close-report.ts"), "utf8");
    const causes = [...source.matchAll(/^ \* - `([\w-]+)`: /gm)].map(([, cause]) => cause);
    expect(causes.length).toBeGreaterThan(5);
    for (const cause of causes) expect(text).toContain(`| \`${cause}\` |`);
  });
});

test("every channel is in docs/handlers.md", () => {
  const source = readFileSync(join(root, "packages/hawser/src/connection/channels.ts"), "utf8");
  for (const [, name] of source.matchAll(/channel\("([\w:]+)"\)/g)) {
    expect(page("docs/handlers.md").text).toContain(`\`${name}\``);
  }
});

test("every public function and class is on some page", () => {
  const all = pages()
    .map(({ text }) => text)
    .join("\n");
  expect(Object.keys(hawser).filter((name) => !all.includes(name))).toEqual([]);
});

test("the package has the changelog of the repository", () => {
  expect(page("packages/hawser/CHANGELOG.md").text).toBe(page("CHANGELOG.md").text);
});

test("no page tells where it was written", () => {
  const paths = /\/(?:home|root|Users|work|tmp)\//;
  expect(pages().filter(({ text }) => paths.test(text))).toEqual([]);
});
