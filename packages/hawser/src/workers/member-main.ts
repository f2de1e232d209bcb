// What a member's process runs: it waits to be told its number and its module.
import { Socket } from "node:net";
import { describe, isError } from "../wire/errors.ts";
import { BUS, Bus } from "./bus.ts";
import { type Member, startMember } from "./member.ts";
import { type Failure, type FromMember, isHanded, isToMember, type ToMember } from "./messages.ts";

let member: Member | undefined;

// A terminal sends these to the whole group: what is to become of members is the primary's to say.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const pipe = new Socket({ fd: BUS });
const bus: Bus<ToMember, FromMember> = new Bus(pipe, isToMember, (message) => {
  if (message.hawser === "begin") begin(message);
  else member?.receive(message);
});

process.on("message", (message: unknown, handle: unknown) => {
  if (isHanded(message)) member?.take(message.number, handle);
});

process.on("disconnect", () => {
  if (member === undefined) process.exit(0);
  member.orphaned();
});

function begin({ member: number, url, module, options, missing }: Extract<ToMember, { hawser: "begin" }>) {
  member = startMember(number, url, bus);
  member.begin(module, options, missing).catch((error: unknown) => {
    bus.tell({ hawser: "failed", failure: failureOf(error) });
    pipe.end(() => process.exit(1));
  });
}

function failureOf(error: unknown): Failure {
  if (!isError(error)) return { name: "Error", message: `it threw ${describe(error)}`, stack: "" };
  try {
    const { name, message, stack = message } = error;
    // What stands there may be anything, and not everything can travel.
    return { name: String(name), message: String(message), stack: String(stack) };
  } catch {
    return { name: "Error", message: "it threw an error that cannot be read", stack: "" };
  }
}
