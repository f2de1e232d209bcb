// hawser serve --watch: restarts on a change, and what becomes of those who are connected.
import { rmSync, writeFileSync } from "node:fs";
import { connect } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import type { Program } from "../support/program.ts";
import { start } from "../support/program.ts";
import { folderWith, serving } from "./support.ts";

const module = (word: string) =>
  `import { shout } from "../shared/shout.ts";\nexport default { open(ws) { ws.send(shout(\`${word}\`)); } };`;

/** A client that has been greeted. */
async function greeted(url: string) {
  const ws = await connect(url);
  onTestFinished(async () => void (await ws.terminate()));
  return { ws, word: await ws.receive() };
}

/** Resolves when standard error has something that matches. */
async function complained(program: Program, pattern: RegExp): Promise<void> {
  while (!pattern.test(program.stderr)) {
    await new Promise((resolve) => program.child.stderr?.once("data", resolve));
  }
}

test("a change of the module, or of what it imports, restarts it with 1012; a broken one does not", async () => {
  const at = folderWith({
    "app/chat.ts": module("one"),
    "app/notes.ts": "export const unused = 1;",
    "shared/shout.ts": 'export const shout = (word: string) => word + "!";',
  });
  const { program, url } = await serving(at("app/chat.ts"), "--watch");
  const first = await greeted(url);
  expect(first.word).toBe("one!");

  // This is imported by nobody: the next restart is still the first.
  writeFileSync(at("app/notes.ts"), "export const unused = 2;");
  writeFileSync(at("app/chat.ts"), module("two"));
  expect(await first.ws.closed).toMatchObject({ code: 1012, clean: true });
  await program.printed(/restarted: \S+chat\.ts has changed\n/);
  const second = await greeted(url);
  expect(second.word).toBe("two!");

  writeFileSync(at("shared/shout.ts"), "export const shout = (word: string) => ;");
  await program.printed(/not restarted, the old members go on: \S+shout\.ts has changed\n/);
  await complained(program, /^hawser: \S+shout\.ts:1:\d+: Unexpected ";"\n$/);
  expect((await greeted(url)).word).toBe("two!");

  writeFileSync(at("shared/shout.ts"), 'export const shout = (word: string) => word + "?";');
  expect(await second.ws.closed).toMatchObject({ code: 1012 });
  await program.printed(/ restarted: \S+shout\.ts has changed\n/);
  expect((await greeted(url)).word).toBe("two?");
  expect(program.count(/ restarted: /)).toBe(2);
  program.signal("SIGTERM");
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

test("a module that cannot be loaded at first is tried again, also when what it lacks has come", async () => {
  const at = folderWith({
    "chat.ts": 'import word from "./word.js";\nexport default (ws) => ws.send(word);',
  });
  const program = start(["serve", at("chat.ts"), "--watch", "--port", "0"]);
  await program.printed(/waiting for a change\n/);
  await complained(program, /chat\.ts:1: cannot find \S+word\.js\n$/);
  writeFileSync(at("word.ts"), 'export default "here";');
  const [, url = ""] = await program.printed(/^serving .* at (\S+) with/m);
  expect((await greeted(url)).word).toBe("here");
  rmSync(at("chat.ts"));
  await complained(program, /cannot find \S+chat\.ts\n$/);
  writeFileSync(at("chat.ts"), 'export default (ws) => ws.send("back");');
  await program.printed(/ restarted: \S+chat\.ts has changed\n/);
  expect((await greeted(url)).word).toBe("back");
});
