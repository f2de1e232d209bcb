// testPair: two connected Connections in memory, for tests of sessions and handlers, with time and faults in the test's hands.
import type { Message } from "../connection/connection.ts";
import { Connection } from "../connection/connection.ts";
import { examine, printAcceptance } from "../handshake/answer.ts";
import type { CompressionOptions, CompressionSettings } from "../handshake/compression.ts";
import { resolveCompression } from "../handshake/compression.ts";
import {
  acceptDeflate,
  checkDeflate,
  type DeflateAgreement,
  offerDeflate,
} from "../handshake/deflate-params.ts";
import type { ExtensionOffer } from "../handshake/extension.ts";
import type { HeaderFields } from "../handshake/header-fields.ts";
import { printOffer } from "../handshake/offer.ts";
import { noParams, UpgradeRequest } from "../handshake/upgrade-request.ts";
import { deflateCodec } from "../transport/deflate.ts";
import type { FaultScript, Faults } from "../transport/fault-script.ts";
import { ManualClock } from "../transport/manual-clock.ts";
import { memoryPair } from "../transport/memory.ts";
import { randomness } from "../transport/randomness.ts";
import { framingOf } from "../wire/legacy/framings.ts";
import type { Limits, Timeouts } from "../wire/limits.ts";
import { checkNames } from "../wire/options.ts";
import type { Kind, WireVersion } from "../wire/wire.ts";
import type { ReceivedBy } from "./accept-stream.ts";
import { resolveSettings } from "./settings.ts";

/** How one end of a pair runs. */
export interface TestEndOptions<State, Accepts extends Kind = Kind> {
  readonly accepts?: Accepts | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Default true for the server, false for the client, as with `serve` and `connect`. */
  readonly coupled?: boolean | undefined;
  /** Becomes `state`. */
  readonly state?: State;
}

/** Options of `testPair`. */
export interface TestPairOptions<
  ServerState = undefined,
  ClientState = undefined,
  ServerAccepts extends Kind = Kind,
  ClientAccepts extends Kind = Kind,
> {
  readonly server?: TestEndOptions<ServerState, ServerAccepts> | undefined;
  readonly client?: TestEndOptions<ClientState, ClientAccepts> | undefined;
  /** The request target that both ends believe in. Default "/". */
  readonly target?: string | undefined;
  /** Header lines of that request beside the handshake's own. */
  readonly headers?: HeaderFields | undefined;
  /** The subprotocol that was offered and agreed on. Default: none. */
  readonly subprotocol?: string | undefined;
  /** The wire version that both ends speak. Default "rfc6455". */
  readonly version?: WireVersion | undefined;
  /** permessage-deflate (RFC 7692), wished for by both ends. Default false. */
  readonly compression?: boolean | CompressionOptions | undefined;
  /** Faults on the way to the server, and to the client, from the start. */
  readonly toServer?: Partial<Faults> | undefined;
  readonly toClient?: Partial<Faults> | undefined;
}

/** Two ends of one connection. */
export interface TestPair<
  ServerState = undefined,
  ClientState = undefined,
  ServerReceived extends Message = Message,
  ClientReceived extends Message = Message,
> {
  readonly server: Connection<ServerReceived, ServerState>;
  readonly client: Connection<ClientReceived, ClientState>;
  /** The time of both: it stands still until `clock.advance(ms)`. Bytes travel without it, unless `delay` is set. */
  readonly clock: ManualClock;
  /** What happens to bytes on their way; can be changed at any time. */
  readonly toServer: FaultScript;
  readonly toClient: FaultScript;
}

/** What an end receives, where `accepts` may or may not have been given. */
type ReceivedWith<Accepts extends Kind> = Kind extends Accepts ? Message : ReceivedBy<Accepts>;

const endNames: readonly (keyof TestEndOptions<unknown>)[] = [
  "accepts",
  "limits",
  "timeouts",
  "coupled",
  "state",
];

/**
 * Makes a server's and a client's Connection, open and connected to each other in memory. Nothing of it touches the network.
 *
 * @example
 * const { server, client, clock, toClient } = testPair();
 * const done = run(server, echo);
 * client.send("hello");
 * await client.receive(); // "hello"
 * toClient.freeze();
 * clock.advance(60_000); // the server pings, and gives up
 * (await done).cause; // "keepalive"
 *
 * @throws TypeError or RangeError for wrong options
 */
export function testPair<
  ServerState = undefined,
  ClientState = undefined,
  ServerAccepts extends Kind = Kind,
  ClientAccepts extends Kind = Kind,
>(
  options?: TestPairOptions<ServerState, ClientState, ServerAccepts, ClientAccepts>,
): TestPair<ServerState, ClientState, ReceivedWith<ServerAccepts>, ReceivedWith<ClientAccepts>>;
// Where no state is given its type is undefined, and so is the state; the signature above says it in one word.
export function testPair<ServerState, ClientState>(
  options: TestPairOptions<ServerState, ClientState> = {},
): TestPair<ServerState | undefined, ClientState | undefined> {
  checkNames("testPair()", options, [
    "server",
    "client",
    "target",
    "headers",
    "subprotocol",
    "compression",
    "version",
    "toServer",
    "toClient",
  ]);
  const { server = {}, client = {}, subprotocol = "" } = options;
  checkNames("server of testPair()", server, endNames);
  checkNames("client of testPair()", client, endNames);
  const clock = new ManualClock();
  const pair = memoryPair({ clock, toServer: options.toServer, toClient: options.toClient });
  const compression = resolveCompression(options.compression, false);
  const deflate = compression && agreeOn(compression);
  const { request, response, framing } = testHandshake(options, deflate);
  const codec = (agreement: DeflateAgreement | undefined) =>
    agreement && compression && deflateCodec(agreement, compression);
  return {
    server: new Connection({
      ...resolveSettings({ ...server, clock }),
      request: request(),
      response,
      framing,
      role: "server",
      transport: pair.server,
      codec: codec(deflate?.server),
      subprotocol,
      state: server.state,
    }),
    client: new Connection({
      // As `connect` has it.
      ...resolveSettings({ coupled: false, ...client, clock }),
      request: request(),
      response,
      framing,
      role: "client",
      transport: pair.client,
      codec: codec(deflate?.client),
      subprotocol,
      state: client.state,
    }),
    clock,
    toServer: pair.toServer,
    toClient: pair.toClient,
  };
}

/** What both ends agree on, and how it stands in their handshake. */
interface TestDeflate {
  readonly offered: readonly ExtensionOffer[];
  readonly answered: ExtensionOffer;
  readonly server: DeflateAgreement;
  readonly client: DeflateAgreement;
}

function agreeOn(compression: CompressionSettings): TestDeflate {
  const offered = offerDeflate(compression);
  const accepted = acceptDeflate(offered, compression);
  const client = accepted && checkDeflate(offered, accepted.extension, compression);
  if (accepted === undefined || typeof client !== "object") {
    throw new Error("both ends wish for the same, and have not agreed on it");
  }
  return { offered, answered: accepted.extension, server: accepted.agreement, client };
}

/** The key of the example in RFC 6455 §1.3. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** A handshake that went well, as both ends remember it. */
function testHandshake(options: TestPairOptions<unknown, unknown>, deflate: TestDeflate | undefined) {
  const { target = "/", headers, subprotocol, version } = options;
  const subprotocols = subprotocol === undefined || subprotocol === "" ? [] : [subprotocol];
  const url = { host: "test", target, authorization: undefined };
  const extensions = deflate?.offered;
  const asked = { url, key: KEY, headers, subprotocols, extensions, version, randomness };
  const offer = printOffer(asked);
  const opening = examine(offer.head, [version ?? "rfc6455"]);
  const acceptance = printAcceptance(opening, {
    subprotocol: subprotocols[0],
    extensions: deflate && [deflate.answered],
    nonce: () => KEY,
  });
  const surroundings = { remoteAddress: undefined, secure: false, host: opening.host };
  return {
    // Each end forgets headers of its own.
    request: () => new UpgradeRequest(opening, surroundings, noParams),
    response: acceptance.head,
    framing: framingOf(opening.version, acceptance.frameKey),
  };
}
