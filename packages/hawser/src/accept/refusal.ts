// refuse(): how an `upgrade` hook says no.
import { printRefusal } from "../handshake/answer.ts";
import type { HeaderFields } from "../handshake/header-fields.ts";

/** What a hook returns, or throws, to refuse a request. Made by `refuse`. */
export class Refused {
  readonly status: number;
  readonly body: string | undefined;
  readonly headers: HeaderFields | undefined;

  constructor(status: number, body: string | undefined, headers: HeaderFields | undefined) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/**
 * Refuses a request: `return refuse(401, "who are you?")` in an `upgrade` hook.
 *
 * @param status 300 to 599, except 304
 * @param body text for the client; default the reason phrase of the status
 * @param headers lines for the answer, as `{ "WWW-Authenticate": "Bearer" }`
 * @throws RangeError or TypeError for what makes no HTTP answer, at once
 */
export function refuse(status: number, body?: string, headers?: HeaderFields): Refused {
  const refused = new Refused(status, body, headers);
  printRefusal(refused);
  return refused;
}
