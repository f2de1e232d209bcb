// permessage-deflate in the handshake: its four parameters, offered, chosen and checked (RFC 7692 §5, §7.1).
import type { CompressionSettings } from "./compression.ts";
import type { ExtensionOffer, ExtensionParameter } from "./extension.ts";
import { quote } from "./field-syntax.ts";

/** The extension's name. */
export const PERMESSAGE_DEFLATE = "permessage-deflate";

/** The size of a window where none was agreed on: 2^15 bytes. */
const WIDEST = 15;

/** What one direction may do. */
export interface DeflateDirection {
  /** A message may refer to those before it. */
  readonly contextTakeover: boolean;
  /** How far it may refer back: 2^windowBits bytes. */
  readonly windowBits: number;
}

/** What was agreed on, seen from one end. */
export interface DeflateAgreement {
  readonly send: DeflateDirection;
  readonly receive: DeflateDirection;
}

/** What an end wants. */
export type DeflateWishes = Pick<CompressionSettings, "contextTakeover" | "windowBits">;

/** The parameters of one offer or answer. Window bits: a number, true where the name stands alone, undefined where it is missing. */
interface Parameters {
  serverNoContextTakeover?: boolean;
  clientNoContextTakeover?: boolean;
  serverMaxWindowBits?: number | true;
  clientMaxWindowBits?: number | true;
}

const fields = {
  server_no_context_takeover: "serverNoContextTakeover",
  client_no_context_takeover: "clientNoContextTakeover",
  server_max_window_bits: "serverMaxWindowBits",
  client_max_window_bits: "clientMaxWindowBits",
} as const;

function isField(name: string): name is keyof typeof fields {
  return Object.hasOwn(fields, name);
}

/** Reads parameters. Returns what is wrong with them, in words, for those that RFC 7692 §7.1 has not. */
function readParameters(given: readonly ExtensionParameter[]): Parameters | string {
  const parameters: Parameters = {};
  for (const [name, value] of given) {
    if (!isField(name)) return `has no parameter ${quote(name)}`;
    if (parameters[fields[name]] !== undefined) return `has the parameter ${name} twice`;
    const shown = `${name}=${value ?? ""}`;
    if (name === "server_no_context_takeover" || name === "client_no_context_takeover") {
      // §7.1.1: the parameter "has no value".
      if (value !== undefined) return `has a value where there can be none: ${quote(shown)}`;
      parameters[fields[name]] = true;
      continue;
    }
    // §7.1.2: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
    if (value !== undefined && !/^(?:[89]|1[0-5])$/.test(value))
      return `has window bits out of range: ${quote(shown)}`;
    // §7.1.2.1: the server's bits always have a value; §7.1.2.2: the client's may go without one in an offer.
    if (value === undefined && name === "server_max_window_bits") return `has no value for ${name}`;
    parameters[fields[name]] = value === undefined ? true : Number(value);
  }
  return parameters;
}

/** What a server answers, and what holds then. */
export interface AcceptedDeflate {
  /** For the answer. */
  readonly extension: ExtensionOffer;
  readonly agreement: DeflateAgreement;
}

/**
 * Takes the first offer of permessage-deflate that can be used. One that cannot, since a parameter of it is unknown, comes twice
 * or has a wrong value, is declined, and the next is looked at (RFC 7692 §5.1, §7.1).
 *
 * @param offers in the client's order of preference; those of other extensions are passed over
 * @returns undefined where there is none: the answer is without the extension then
 */
export function acceptDeflate(
  offers: readonly ExtensionOffer[],
  wishes: DeflateWishes,
): AcceptedDeflate | undefined {
  for (const { name, parameters } of offers) {
    if (name !== PERMESSAGE_DEFLATE) continue;
    const offered = readParameters(parameters);
    if (typeof offered !== "string") return answerTo(offered, wishes);
  }
  return undefined;
}

function answerTo(offered: Parameters, wishes: DeflateWishes): AcceptedDeflate {
  const answer: ExtensionParameter[] = [];
  const { clientMaxWindowBits, serverMaxWindowBits } = offered;
  const sendsOver = wishes.contextTakeover && offered.serverNoContextTakeover !== true;
  if (!sendsOver) answer.push(["server_no_context_takeover", undefined]);
  const sendBits = Math.min(wishes.windowBits, numberOr(serverMaxWindowBits, WIDEST));
  // Asked for, it must be there (§7.1.2.1); else it tells a client that keeps a window how small that may be.
  if (serverMaxWindowBits !== undefined || (sendsOver && sendBits < WIDEST)) {
    answer.push(["server_max_window_bits", String(sendBits)]);
  }
  const ownBits = numberOr(clientMaxWindowBits, WIDEST);
  // A client that cannot be held to our window (§7.1.2.2: the parameter "MUST NOT" be in the answer unless it is in the offer) is
  // asked to do without: else it, and not our option, would say what its connection costs.
  const canLimit = clientMaxWindowBits !== undefined || wishes.windowBits === WIDEST;
  const receivesOver = wishes.contextTakeover && offered.clientNoContextTakeover !== true && canLimit;
  if (!receivesOver) answer.push(["client_no_context_takeover", undefined]);
  const receiveBits = receivesOver ? Math.min(wishes.windowBits, ownBits) : ownBits;
  if (receivesOver && receiveBits < WIDEST) answer.push(["client_max_window_bits", String(receiveBits)]);
  return {
    extension: { name: PERMESSAGE_DEFLATE, parameters: answer },
    agreement: {
      send: { contextTakeover: sendsOver, windowBits: sendBits },
      receive: { contextTakeover: receivesOver, windowBits: receiveBits },
    },
  };
}

function numberOr(bits: number | true | undefined, otherwise: number): number {
  return typeof bits === "number" ? bits : otherwise;
}

/**
 * What a client offers for what it wants, in order of preference. Where it keeps windows, it asks for small ones first; a server
 * that can promise none is asked to keep the context to itself, so that no answer costs more than was wanted.
 */
export function offerDeflate({ contextTakeover, windowBits }: DeflateWishes): readonly ExtensionOffer[] {
  const frugal: ExtensionParameter[] = [["server_no_context_takeover", undefined]];
  // Without a value it promises nothing (a smaller window than was agreed on may be used anyway), and takes any that is asked for:
  // there are servers that refuse a client outright for naming fewer bits than theirs.
  const limit: ExtensionParameter = ["client_max_window_bits", undefined];
  if (!contextTakeover) return [offerOf(...frugal, ["client_no_context_takeover", undefined], limit)];
  if (windowBits === WIDEST) return [offerOf(limit)];
  return [offerOf(["server_max_window_bits", String(windowBits)], limit), offerOf(...frugal, limit)];
}

function offerOf(...parameters: ExtensionParameter[]): ExtensionOffer {
  return { name: PERMESSAGE_DEFLATE, parameters };
}

/**
 * Checks what a server answered to such an offer (RFC 7692 §5.1, §7.1).
 *
 * @returns what holds now, or what is wrong with the answer, in words
 */
export function checkDeflate(
  offers: readonly ExtensionOffer[],
  answer: ExtensionOffer,
  wishes: DeflateWishes,
): DeflateAgreement | string {
  const answered = readParameters(answer.parameters);
  if (typeof answered === "string") return answered;
  if (answered.clientMaxWindowBits === true) return "has no value for client_max_window_bits";
  let wrong = "was not offered";
  for (const { name, parameters } of offers) {
    if (name !== PERMESSAGE_DEFLATE) continue;
    const offered = readParameters(parameters);
    const mismatch = typeof offered === "string" ? offered : mismatchOf(offered, answered);
    if (mismatch === undefined) return agreementOf(answered, wishes);
    wrong = mismatch;
  }
  return wrong;
}

/** Whether an answer fits an offer: undefined if it does. */
function mismatchOf(offered: Parameters, answered: Parameters): string | undefined {
  if (offered.serverNoContextTakeover === true && answered.serverNoContextTakeover !== true) {
    return "lacks server_no_context_takeover, which was asked for";
  }
  const asked = numberOr(offered.serverMaxWindowBits, WIDEST);
  if (numberOr(answered.serverMaxWindowBits, WIDEST) > asked) {
    return `does not keep to server_max_window_bits=${asked}, which was asked for`;
  }
  if (answered.clientMaxWindowBits === undefined) return undefined;
  if (offered.clientMaxWindowBits === undefined) return "has client_max_window_bits, which was not offered";
  const own = numberOr(offered.clientMaxWindowBits, WIDEST);
  if (numberOr(answered.clientMaxWindowBits, WIDEST) > own) {
    return `has client_max_window_bits over the ${own} that were offered`;
  }
  return undefined;
}

function agreementOf(answered: Parameters, wishes: DeflateWishes): DeflateAgreement {
  return {
    send: {
      contextTakeover: wishes.contextTakeover && answered.clientNoContextTakeover !== true,
      windowBits: Math.min(wishes.windowBits, numberOr(answered.clientMaxWindowBits, WIDEST)),
    },
    receive: {
      contextTakeover: answered.serverNoContextTakeover !== true,
      windowBits: numberOr(answered.serverMaxWindowBits, WIDEST),
    },
  };
}
