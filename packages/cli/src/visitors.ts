// The visitors' book: a line for every connection that comes, goes, or is turned away.
import { subscribe } from "node:diagnostics_channel";
import { type AnyConnection, describeReport, HandshakeError } from "hawser";
import { printable } from "./terminal/printable.ts";

/** Prints one line. `mark`: what kind of line it is. */
export type PrintLine = (mark: "opened" | "closed" | "refused", text: string) => void;

/** Keeps the book for all servers of this process, from now on. */
export function keepVisitorsBook(print: PrintLine): void {
  let count = 0;
  subscribe("hawser:connection:open", (event) => {
    if (!tellsOfConnection(event)) return;
    count += 1;
    const name = `#${count}`;
    const { request, closed } = event.connection;
    print("opened", `${name} ${from(request.remoteAddress)} ${printable(request.path)}`);
    void closed.then((report) => print("closed", `${name} ${printable(describeReport(report))}`));
  });
  subscribe("hawser:handshake:refused", (event) => {
    if (!tellsOfRefusal(event) || neverAsked(event.error)) return;
    print("refused", `${from(event.remoteAddress)} ${event.error.status} ${printable(event.error.message)}`);
  });
}

/** Browsers open sockets ahead of time and hang up if they need none: status 0, or 408 after a while. */
function neverAsked(error: HandshakeError): boolean {
  return error.status === 0 || error.status === 408;
}

function from(remoteAddress: string | undefined): string {
  return printable(remoteAddress ?? "somewhere");
}

function tellsOfConnection(event: unknown): event is { connection: AnyConnection } {
  return typeof event === "object" && event !== null && "connection" in event;
}

function tellsOfRefusal(
  event: unknown,
): event is { error: HandshakeError; remoteAddress: string | undefined } {
  return (
    typeof event === "object" && event !== null && "error" in event && event.error instanceof HandshakeError
  );
}
