// What a line typed at the prompt means: text to send, or a command, which begins with a slash.

/** What a line asks for. */
export type Typed =
  | { readonly what: "send"; readonly text: string }
  | { readonly what: "ping"; readonly payload: string }
  | { readonly what: "close"; readonly code: number | undefined; readonly reason: string }
  | { readonly what: "file"; readonly kind: "text" | "binary"; readonly path: string }
  | { readonly what: "help" }
  | { readonly what: "mistake"; readonly message: string };

/** The commands, as `/help` shows them. */
export const commandHelp: readonly (readonly [command: string, meaning: string])[] = [
  ["/ping [text]", "see how long a ping takes"],
  ["/file <path>", "a file, as one binary message"],
  ["/text <path>", "a file, as one text message"],
  ["/close [code] [reason]", "close the connection"],
  ["/quit", "the same as Ctrl-D: close with 1000"],
  ["//…", "text that begins with a slash"],
  ["/help", "show this"],
];

/** What this line means. */
export function parseTyped(line: string): Typed {
  if (!line.startsWith("/")) return { what: "send", text: line };
  if (line.startsWith("//")) return { what: "send", text: line.slice(1) };
  const [, name = "", rest = ""] = /^\/(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
  switch (name) {
    case "ping":
      return { what: "ping", payload: rest };
    case "close":
      return closing(rest);
    case "file":
    case "text":
      if (rest === "") return mistake(`/${name} needs the path of a file`);
      return { what: "file", kind: name === "text" ? "text" : "binary", path: rest };
    case "quit":
    case "help":
      if (rest !== "")
        return mistake(`/${name} takes nothing behind it; to send this line, begin it with //`);
      return name === "help" ? { what: "help" } : { what: "close", code: undefined, reason: "" };
    default:
      return mistake(`there is no command /${name}: /help lists them; to send this line, begin it with //`);
  }
}

function closing(rest: string): Typed {
  if (rest === "") return { what: "close", code: undefined, reason: "" };
  const [, code = "", reason = ""] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  if (!/^\d+$/.test(code)) return mistake("a close code is a number: /close 4000 see you");
  return { what: "close", code: Number(code), reason };
}

function mistake(message: string): Typed {
  return { what: "mistake", message };
}
