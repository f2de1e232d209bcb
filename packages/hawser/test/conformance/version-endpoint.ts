// One connection of any wire version, with a peer at its other end that sends whatever bytes it is told to.
import type { AnyConnection, Message } from "hawser";
import type { Limits, Role, Timeouts, WireVersion } from "hawser/wire";
import { afterEach, expect } from "vitest";
import { Connection } from "../../src/connection/connection.ts";
import { examine, printAcceptance } from "../../src/handshake/answer.ts";
import { UpgradeRequest } from "../../src/handshake/upgrade-request.ts";
import type { FaultScript, Split } from "../../src/transport/fault-script.ts";
import { ManualClock } from "../../src/transport/manual-clock.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import { resolveLimits, resolveTimeouts } from "../../src/wire/limits.ts";
import { RawPeer, turns } from "../connection/support.ts";
import { request } from "../handshake/support.ts";
import { framingFor } from "../wire/legacy/support.ts";

/** How the connection runs. */
export interface VersionEndpointOptions {
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
  readonly accepts?: "text" | "binary";
  /** How what the peer sends arrives. */
  readonly split?: Split | undefined;
}

/** The connection, and the other end of its transport. */
export interface VersionEndpoint {
  readonly ws: AnyConnection;
  readonly peer: RawPeer;
  readonly clock: ManualClock;
  /** On the way from the peer. */
  readonly back: FaultScript;
}

const made: VersionEndpoint[] = [];

// Nothing of a connection outlives it.
afterEach(async () => {
  for (const { ws, clock } of made.splice(0)) {
    void ws.terminate();
    await turns(4);
    expect(ws.phase).toBe("closed");
    expect(clock.pending).toBe(0);
  }
});

/** Makes one, open. */
export function versionEndpoint(
  version: WireVersion,
  role: Role,
  options: VersionEndpointOptions = {},
): VersionEndpoint {
  const clock = new ManualClock();
  const faults = { split: options.split };
  const pair = memoryPair({ clock, ...(role === "server" ? { toServer: faults } : { toClient: faults }) });
  const opening = examine(request());
  const ws = new Connection<Message, undefined>({
    role,
    transport: pair[role],
    clock,
    framing: framingFor(version),
    limits: resolveLimits(options.limits),
    timeouts: resolveTimeouts(options.timeouts),
    accepts: options.accepts,
    coupled: true,
    request: new UpgradeRequest(opening, { remoteAddress: undefined, secure: false, host: "a" }, {}),
    response: printAcceptance(opening, {}).head,
    subprotocol: "",
    state: undefined,
  });
  const back = role === "server" ? pair.toServer : pair.toClient;
  const endpoint = { ws, peer: new RawPeer(role === "server" ? pair.client : pair.server), clock, back };
  made.push(endpoint);
  return endpoint;
}
