// Why there is no connection, in words that say what to do about it.
import { HandshakeError, UnsupportedError } from "hawser";
import { printable } from "../terminal/printable.ts";
import { exitCode } from "./exit-code.ts";
import { versionsIn } from "./wire-version.ts";

/** One line for standard error, and the exit code that goes with it. */
export interface ConnectFailure {
  readonly message: string;
  readonly code: number;
}

/** What a rejection of `connect` means; undefined for an error that is none of the network's, the peer's or the user's. */
export function describeConnectError(error: unknown): ConnectFailure | undefined {
  if (error instanceof HandshakeError && error.status !== 0) return refusal(error);
  // So the library names what is wrong with a URL, a header, a subprotocol, or is too much for a version.
  if (error instanceof TypeError || error instanceof RangeError || error instanceof UnsupportedError) {
    return { message: printable(error.message), code: exitCode.wrongUse };
  }
  const cause = systemError(error);
  if (cause === undefined) return undefined;
  return { message: withHint(messageOf(error), networkHint(cause)), code: exitCode.notConnected };
}

/** What says most about why there was no answer: the system's error, if there is one. */
function systemError(error: unknown): Error | undefined {
  if (error instanceof HandshakeError) return error.cause instanceof Error ? error.cause : error;
  return error instanceof Error && hasCode(error) ? error : undefined;
}

function refusal({ status, message, body, headers }: HandshakeError): ConnectFailure {
  // A 101 that breaks a rule is an answer as well, and its message says which.
  const [line = ""] = body.trim().split("\n", 1);
  const said = /^\s*</.test(body) ? "" : line.trim();
  const hint = refusalHint(status, message, headers);
  return {
    message: withHint(printable(said === "" ? message : `${message}: ${said}`), hint && printable(hint)),
    code: exitCode.refused,
  };
}

function refusalHint(
  status: number,
  message: string,
  headers: HandshakeError["headers"],
): string | undefined {
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location)
    return `it redirects to ${location}; --redirects <count> follows`;
  const spoken = versionsIn(headers.get("sec-websocket-version") ?? "");
  if (status >= 400 && spoken.length > 0) return `it speaks ${spoken.join(", ")}: --version <version>`;
  if (status === 101 && / is missing$|^the answer leaves out /.test(message))
    return "--lenient lets that pass";
  return hints[status];
}

/** What helps against an answer. */
const hints: Readonly<Record<number, string>> = {
  200: "that is a page, and no WebSocket; is the path right?",
  400: "is that a WebSocket server?",
  401: 'it wants to know who you are: --header "Authorization: …", or name:password@ in the URL',
  403: "it may go by the origin: --origin <origin>",
  404: "is the path right?",
  407: "the proxy wants name:password@ in its URL",
  426: "is the path right? an old server may need --version <version>",
  429: "it has had too many requests",
  503: "it has no room, or is being restarted",
};

/** What helps where no answer came. */
function networkHint(cause: Error): string | undefined {
  const code = hasCode(cause) ? cause.code : "";
  switch (code) {
    case "ECONNREFUSED":
      return "nobody listens there: is the server running, and the port right?";
    case "ENOTFOUND":
      return "no address is known for this name: is it spelled right?";
    case "EAI_AGAIN":
      return "the name server does not answer: is the network up?";
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no way to it from here";
    case "ENOENT":
      return "there is no such socket";
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "nobody vouches for its certificate: --ca <file> trusts its issuer, --insecure checks nothing";
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return "--insecure does not check it";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "--servername <name> asks for another name, --insecure checks nothing";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "there is no TLS at this port: is it ws:// and not wss://?";
    default:
      if (/alert (certificate required|handshake failure|bad certificate|unknown ca)/i.test(cause.message)) {
        return "it may want a certificate: --cert <file> --key <file>";
      }
      return /^there was no answer within/.test(cause.message)
        ? "--timeout <seconds> gives it more time"
        : undefined;
  }
}

function hasCode(error: Error): error is Error & { readonly code: string } {
  return "code" in error && typeof error.code === "string" && !error.code.startsWith("ERR_HAWSER");
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // OpenSSL says where in its sources it was: 80FC…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:…
  const plain = message.replace(/[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):\S*/g, "$1");
  return printable(plain.trim().replace(/\s*\n\s*/g, " "));
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}
