// Names by which a connection can be found again, in this process and, behind a pool, from any other of its members.
import type { Phase } from "../wire/wire.ts";

/** What is done with a connection by its name. */
export interface Named {
  readonly phase: Phase;
  readonly closed: Promise<unknown>;
  send(data: string | Uint8Array): boolean;
  notify(value: unknown): boolean;
  close(code: number, reason: string): unknown;
}

/** Which member of a pool this process is; 0 outside of pools and in the primary. */
let member = 0;
let count = 0;
const named = new Map<string, Named>();

/** This process is a member of a pool: names begin with its number from now on. */
export function becomeMember(number: number): void {
  member = number;
}

/** The member that a name belongs to; undefined for what is no name. */
export function memberOf(id: string): number | undefined {
  const number = /^(\d+)-\d+$/.exec(id)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Names a connection, until it ends. */
export function nameConnection(connection: Named): string {
  count += 1;
  const id = `${member}-${count}`;
  if (connection.phase === "closed") return id;
  named.set(id, connection);
  void connection.closed.then(() => named.delete(id));
  return id;
}

/** The connection of this name in this process, while it is there. */
export function namedConnection(id: string): Named | undefined {
  return named.get(id);
}
