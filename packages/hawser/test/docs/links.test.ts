// Links between the pages: every relative one leads to a file that exists, and to a heading of it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow, page, pages, prose, root } from "./support.ts";

/** The anchors of a page, as GitHub makes them. */
function anchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const found = new Set<string>();
  for (const [, heading = ""] of text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}

const links = pages().flatMap(({ path, text }) =>
  [...prose(text).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => [path, target] as const)
    .filter(([, target]) => !/^[a-z]+:/.test(target)),
);

describe("leads somewhere", () => {
  test.each(links)("%s -> %s", (from, link) => {
    const [file = "", anchor] = link.split("#", 2);
    const target = file === "" ? from : normalize(join(dirname(from), file));
    expect(existsSync(join(root, target)), target).toBe(true);
    if (anchor !== undefined) expect([...anchors(page(target).text)]).toContain(anchor);
  });
});

test("pages that the sources speak of exist", () => {
  const sources = join(root, "packages/hawser/src");
  const named = filesBelow(sources).flatMap((file) => [
    ...readFileSync(join(sources, file), "utf8").matchAll(/docs\/[\w-]+\.md/g),
  ]);
  expect(named.map(([path]) => path).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
