// What a member's process runs: it waits to be told its number and its module.
import { Member } from "./member.ts";
import type { ToMember } from "./messages.ts";

let member: Member | undefined;

// A terminal sends these to the whole group: what is to become of members is the primary's to say.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("message", (message: ToMember, handle: unknown) => {
  if (message.type !== "begin") {
    member?.receive(message, handle);
    return;
  }
  const { number, url, module, options } = { ...message, number: message.member };
  member = new Member(number, url);
  member.begin(module, options).catch((error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.send?.({ type: "failed", message: text }, () => process.exit(1));
  });
});

process.on("disconnect", () => {
  if (member === undefined) process.exit(0);
  member.orphaned();
});
