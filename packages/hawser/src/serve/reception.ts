// Reception: takes a request that stands on the doorstep through the `upgrade` hook to its handler.
import type { Candidate } from "../accept/admission.ts";
import { acceptNames, admit, establish, publishRefusal } from "../accept/admission.ts";
import { type Doorstep, NO_ANSWER } from "../accept/doorstep.ts";
import { Refused } from "../accept/refusal.ts";
import type { Settings } from "../accept/settings.ts";
import { resolveVersions } from "../accept/versions.ts";
import type { AnyConnection, Message } from "../connection/connection.ts";
import type { CheckedHandler } from "../handlers/application.ts";
import { reportFault } from "../handlers/fault.ts";
import type { UpgradeAnswer, UpgradeResult } from "../handlers/handler.ts";
import { drive } from "../handlers/run.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { RequestHead } from "../handshake/head.ts";
import { pathOf } from "../handshake/target.ts";
import { warnOnce } from "../transport/warn.ts";
import { checkNames } from "../wire/options.ts";
import type { Endpoint } from "./options.ts";
import type { Roster } from "./roster.ts";

/** Receives requests for one server. */
export class Reception {
  readonly #endpoint: Endpoint;
  readonly #roster: Roster;
  readonly #settingsOf = new WeakMap<CheckedHandler, Settings>();
  /** One function for all connections. */
  readonly #onEnded = (connection: AnyConnection): void => this.#roster.remove(connection);

  constructor(endpoint: Endpoint, roster: Roster) {
    this.#endpoint = endpoint;
    this.#roster = roster;
    // What is wrong with the options of a resource is said at once, and not to its first client.
    for (const handler of endpoint.resources.handlers) this.#settingsFor(handler);
  }

  /** Whether a path leads to a handler. */
  answers(path: string): boolean {
    return this.#endpoint.resources.match(path) !== undefined;
  }

  /** Answers a request for a WebSocket, one way or the other. Never throws, never rejects. */
  receive(head: RequestHead, doorstep: Doorstep): void {
    const match = this.#endpoint.resources.match(pathOf(head.target));
    let candidate: Candidate;
    try {
      candidate = admit(head, doorstep, this.#settingsFor(match?.handler));
    } catch (error) {
      if (error instanceof HandshakeError) this.refuse(error, doorstep);
      else this.#faultOrRefusal(error, doorstep);
      return;
    }
    if (match === undefined) {
      this.refuse(new HandshakeError("there is nothing at this path", { status: 404 }), doorstep);
      return;
    }
    candidate.request.params = match.params;
    if (match.handler.upgrade === undefined) this.#accept(candidate, doorstep, match.handler, {});
    else void this.#ask(candidate, doorstep, match.handler);
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

  async #ask(candidate: Candidate, doorstep: Doorstep, handler: CheckedHandler): Promise<void> {
    const over = doorstep.failed();
    try {
      const asking = Promise.resolve(handler.upgrade?.(candidate.request));
      const result: UpgradeResult<unknown> | HandshakeError = await Promise.race([asking, over]);
      if (result instanceof HandshakeError) {
        this.failed(result, doorstep);
        // Too late to be of use, but if the hook fails still, that is to be heard of.
        await asking;
      } else if (result instanceof Refused) {
        this.#roster.refuse(result, doorstep);
      } else {
        checkNames("the answer of upgrade", result, ["state", ...acceptNames]);
        this.#accept(candidate, doorstep, handler, result ?? {});
      }
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
    handler: CheckedHandler,
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
      establish<Message, unknown>(candidate, doorstep, this.#settingsFor(handler), answer, welcome);
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

  /** One object for all connections of a handler. */
  #settingsFor(handler: CheckedHandler | undefined): Settings {
    const { settings } = this.#endpoint;
    if (handler === undefined) return settings;
    const { accepts = settings.accepts, versions, ambiguous } = handler;
    if (accepts === settings.accepts && versions === undefined && ambiguous === undefined) return settings;
    const known = this.#settingsOf.get(handler);
    if (known !== undefined) return known;
    const welcome = versions ?? settings.versions;
    // What the server says holds as far as it means anything here.
    const inherited = settings.ambiguous;
    const fits = typeof inherited === "function" || (inherited !== undefined && welcome.includes(inherited));
    const decides = ambiguous ?? (fits ? inherited : undefined);
    const own = { ...settings, accepts, ...resolveVersions({ versions: welcome, ambiguous: decides }) };
    this.#settingsOf.set(handler, own);
    return own;
  }
}
