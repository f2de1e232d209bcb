// What a member's process runs: it waits to be told its number and its module.
import { isError } from "../wire/errors.ts";
import { type Member, startMember } from "./member.ts";
import { type Failure, type FromMember, isOurs, type ToMember } from "./messages.ts";

let member: Member | undefined;

// A terminal sends these to the whole group: what is to become of members is the primary's to say.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("message", (message: unknown, handle: unknown) => {
  if (!isToMember(message)) return;
  if (message.hawser !== "begin") {
    member?.receive(message, handle);
    return;
  }
  const { member: number, url, module, options, missing } = message;
  member = startMember(number, url);
  member.begin(module, options, missing).catch((error: unknown) => {
    const failed: FromMember = { hawser: "failed", failure: failureOf(error) };
    process.send?.(failed, () => process.exit(1));
  });
});

process.on("disconnect", () => {
  if (member === undefined) process.exit(0);
  member.orphaned();
});

function isToMember(message: unknown): message is ToMember {
  return isOurs(message);
}

function failureOf(error: unknown): Failure {
  if (!isError(error)) return { name: "Error", message: String(error), stack: String(error) };
  const { name, message, stack = message } = error;
  return { name, message, stack };
}
