// What lines typed at the prompt mean.
import { expect, test } from "vitest";
import { commandHelp, parseTyped } from "../../src/connect/commands.ts";

test.each(["hello", "", " /ping", "a/b", "\\ping"])("%j is text", (line) => {
  expect(parseTyped(line)).toEqual({ what: "send", text: line });
});

test("a second slash makes text of what would be a command", () => {
  expect(parseTyped("//ping")).toEqual({ what: "send", text: "/ping" });
  expect(parseTyped("///")).toEqual({ what: "send", text: "//" });
});

test("commands", () => {
  expect(parseTyped("/ping")).toEqual({ what: "ping", payload: "" });
  expect(parseTyped("/ping  are you there ")).toEqual({ what: "ping", payload: "are you there" });
  expect(parseTyped("/close")).toEqual({ what: "close", code: undefined, reason: "" });
  expect(parseTyped("/quit ")).toEqual({ what: "close", code: undefined, reason: "" });
  expect(parseTyped("/close 4000")).toEqual({ what: "close", code: 4000, reason: "" });
  expect(parseTyped("/close 4000 see you  soon")).toEqual({
    what: "close",
    code: 4000,
    reason: "see you  soon",
  });
  expect(parseTyped("/file my photo.jpg")).toEqual({ what: "file", kind: "binary", path: "my photo.jpg" });
  expect(parseTyped("/text a")).toEqual({ what: "file", kind: "text", path: "a" });
  expect(parseTyped("/help")).toEqual({ what: "help" });
});

test.each([
  ["/", /no command \/:/],
  ["/pong", /no command \/pong:.*\/help.*\/\//],
  ["/PING", /no command \/PING/],
  ["/file", /needs the path/],
  ["/text ", /needs the path/],
  ["/close now", /a number/],
  ["/close -1", /a number/],
  ["/quit now", /takes nothing/],
  ["/help me", /takes nothing/],
])("%s is a mistake", (line, words) => {
  const typed = parseTyped(line);
  expect(typed).toEqual({ what: "mistake", message: expect.stringMatching(words) });
});

test("the help has every command", () => {
  const listed = commandHelp.map(([command]) => command.split(" ")[0]);
  expect(listed).toEqual(["/ping", "/file", "/text", "/close", "/quit", "//…", "/help"]);
});
