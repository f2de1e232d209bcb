// Reception: takes a request that stands on the doorstep through the `upgrade` hook to its handler.
import type { Candidate } from "../accept/admission.ts";
import { admit, establish, publishRefusal } from "../accept/admission.ts";
import { type Doorstep, NO_ANSWER } from "../accept/doorstep.ts";
import { Refused } from "../accept/refusal.ts";
import type { AnyConnection, Message } from "../connection/connection.ts";
import type { CheckedHandler } from "../handlers/application.ts";
import { decide } from "../handlers/decide.ts";
import { reportFault } from "../handlers/fault.ts";
import type { UpgradeAnswer } from "../handlers/handler.ts";
import type { Resource } from "../handlers/resources.ts";
import { drive } from "../handlers/run.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { RequestHead } from "../handshake/head.ts";
import { pathOf } from "../handshake/target.ts";
import { warnOnce } from "../transport/warn.ts";
import type { Endpoint } from "./options.ts";
import type { Roster } from "./roster.ts";

/** Receives requests for one server. */
export class Reception {
  readonly #endpoint: Endpoint;
  readonly #roster: Roster;
  /** One function for all connections. */
  readonly #onEnded = (connection: AnyConnection): void => this.#roster.remove(connection);

  constructor(endpoint: Endpoint, roster: Roster) {
    this.#endpoint = endpoint;
    this.#roster = roster;
  }

  /** Whether a path leads to a handler. */
  answers(path: string): boolean {
    return this.#endpoint.resources.match(path) !== undefined;
  }

  /** Answers a request for a WebSocket, one way or the other. Never throws, never rejects. */
  receive(head: RequestHead, doorstep: Doorstep): void {
    const match = this.#endpoint.resources.match(pathOf(head.target));
    const { settings } = match ?? this.#endpoint;
    let candidate: Candidate;
    try {
      candidate = admit(head, doorstep, settings, match?.params);
    } catch (error) {
      if (error instanceof HandshakeError) this.refuse(error, doorstep);
      else this.#faultOrRefusal(error, doorstep);
      return;
    }
    if (match === undefined) {
      this.refuse(new HandshakeError("there is nothing at this path", { status: 404 }), doorstep);
      return;
    }
    if (match.handler.upgrade === undefined) this.#accept(candidate, doorstep, match, {});
    else void this.#ask(candidate, doorstep, match);
  }

  /** Refuses a request for a rule that it breaks. */
  refuse(error: HandshakeError, doorstep: Doorstep): void {
    // The one refusal that puzzles people at their own server: said where they look, with the option that helps.
    if (error.status === 403) warnOnce("origin", error.message);
    this.#roster.refuse(error, doorstep);
  }

  /** Counts a handshake that failed before there was a request, or while a hook decided. */
  failed(error: HandshakeError, doorstep: Doorstep): void {
    if (error.status !== NO_ANSWER) this.#roster.refused += 1;
    publishRefusal(error, doorstep.peer.address);
  }

  async #ask(candidate: Candidate, doorstep: Doorstep, resource: Resource): Promise<void> {
    try {
      const { onError } = this.#endpoint;
      const decision = await decide(resource.handler, candidate.request, doorstep, onError);
      if (decision instanceof HandshakeError) this.failed(decision, doorstep);
      else if (decision instanceof Refused) this.#roster.refuse(decision, doorstep);
      else this.#accept(candidate, doorstep, resource, decision);
    } catch (error) {
      this.#faultOrRefusal(error, doorstep);
    }
  }

  #faultOrRefusal(error: unknown, doorstep: Doorstep): void {
    if (error instanceof Refused) {
      this.#roster.refuse(error, doorstep);
      return;
    }
    // What went wrong is the application's business, and none of the client's.
    this.#roster.refuse({ status: 500 }, doorstep);
    reportFault(error, undefined, this.#endpoint.onError);
  }

  #accept(
    candidate: Candidate,
    doorstep: Doorstep,
    { handler, settings }: Resource,
    answer: UpgradeAnswer<unknown>,
  ): void {
    // The peer may have gone, or the server may have begun to close (it was told so), while the hook was deciding.
    if (doorstep.settled) return;
    let connection: AnyConnection | undefined;
    let late = false;
    const opened = (ws: AnyConnection): void => {
      connection = ws;
      if (late) this.#drive(ws, handler);
    };
    try {
      const unproven = (error: HandshakeError) => this.failed(error, doorstep);
      const welcome = { state: answer.state, onEnded: this.#onEnded, opened, unproven };
      establish<Message, unknown>(candidate, doorstep, settings, answer, welcome);
    } catch (error) {
      this.#faultOrRefusal(error, doorstep);
      return;
    }
    late = true;
    // Not within the try: what a handler does is not the handshake's.
    if (connection !== undefined) this.#drive(connection, handler);
  }

  #drive(connection: AnyConnection, handler: CheckedHandler): void {
    this.#roster.add(connection);
    drive(connection, handler, this.#endpoint);
  }
}
