// The pages: what they are, and their parts.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../../..", import.meta.url));

/** A Markdown file, by its path from the root. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Every page of the repository that is written for people. */
export function pages(): Page[] {
  const folders = [".", "docs", "packages/hawser", "packages/cli"];
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".md"))
      .map((file) => page(join(folder, file))),
  );
}

/** @param path from the root */
export function page(path: string): Page {
  return { path: path.replaceAll("\\", "/"), text: readFileSync(join(root, path), "utf8") };
}

/** A fenced block of code. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** Declarations from a comment `<!-- given: … -->` right above the block: what the page's text has introduced. */
  readonly given: string;
}

const fence =
  /(?:<!-- given: (?<given>[^\n]*) -->\n)?(?<=^|\n)```(?<language>\w*)\n(?<code>[\s\S]*?\n)```(?=\n|$)/g;

/** The fenced blocks of a page, in order. */
export function blocks({ path, text }: Page): Block[] {
  return [...text.matchAll(fence)].map((match) => ({
    page: path,
    line: text.slice(0, match.index).split("\n").length,
    language: match.groups?.["language"] ?? "",
    code: match.groups?.["code"] ?? "",
    given: match.groups?.["given"] ?? "",
  }));
}

/** A page without its code, in which `[0](1)` is no link and `# no` heading. */
export function prose(text: string): string {
  return text.replace(fence, "").replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, " "));
}

/** The files below a folder, by their path from it. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort((one, other) => one.localeCompare(other));
}
