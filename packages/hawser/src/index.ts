// The public names, grouped by who wants them.
// biome-ignore-all assist/source/organizeImports: the groups are the point

// To run a server.
export { type ServeOptions, serve } from "./serve/serve.ts";
export type { Server } from "./serve/server.ts";
export type { ListenPlace } from "./serve/place.ts";
export { type UpgradeEmitter, type UpgradeEndpoint, upgrade } from "./serve/upgrade.ts";
export type { EndpointOptions, PlainHttp } from "./serve/options.ts";
export type { LiveServer } from "./serve/live-server.ts";
export type { DrainOptions, DrainReport, ServerStats } from "./serve/roster.ts";
export type { ConnectionSettings } from "./accept/settings.ts";
export type { ResourceLimits, ResourceOptions, ResourceTimeouts } from "./accept/resource-settings.ts";
export type { TrustProxy } from "./accept/trust.ts";
export type { Ambiguous, VersionOptions } from "./accept/versions.ts";
export type { CompressionOptions } from "./handshake/compression.ts";
export type { Origins } from "./handshake/origin.ts";

// To run it on all cores.
export { currentPool, startPool } from "./workers/start-pool.ts";
export type { PrimaryPool } from "./workers/primary-pool.ts";
export type { MemberPool } from "./workers/member-pool.ts";
export type { LeaveOptions, Pool, PoolReport } from "./workers/pool.ts";
export type { MemberStats, PoolStats } from "./workers/stats.ts";
export type { MemberEvent, MemberPhase } from "./workers/member-process.ts";
export type { MemberCounts } from "./workers/messages.ts";
export type { PoolOptions, Supervision } from "./workers/options.ts";

// To write what it serves.
export {
  defineHandler,
  type Handler,
  type Received,
  type Session,
  type UpgradeAnswer,
  type UpgradeHook,
  type UpgradeResult,
} from "./handlers/handler.ts";
export {
  type Behaviour,
  type BehaviourEvent,
  type BehaviourInfo,
  defineBehaviour,
} from "./handlers/behaviour.ts";
export { close, noreply, type Outcome, type Outcomes, ping, pong, reply } from "./handlers/outcome.ts";
export type { Application } from "./handlers/application.ts";
export type { PathParams } from "./handlers/path.ts";
export type { Resources } from "./handlers/resources.ts";
export { type Runnable, run } from "./handlers/run.ts";
export type { RunOptions } from "./handlers/run-options.ts";
export type { ErrorHook } from "./handlers/fault.ts";
export { type Refused, refuse } from "./accept/refusal.ts";
export type { RequestParams, UpgradeRequest } from "./handshake/upgrade-request.ts";
export type { ResponseHead } from "./handshake/head.ts";
export type { HeaderList } from "./handshake/header-list.ts";
export type { HeaderFields } from "./handshake/header-fields.ts";

// To be a client.
export { connect } from "./client/connect.ts";
export type { ClientTls, ConnectOptions, Network } from "./client/options.ts";
export type { Destination, ProxyAgent } from "./client/destination.ts";
export { isWebSocketUrl } from "./handshake/url.ts";
export { reconnecting } from "./client/reconnecting/reconnecting.ts";
export type { ReconnectingConnection } from "./client/reconnecting/reconnecting-connection.ts";
export {
  type AttemptEnd,
  GaveUpError,
  type ReconnectingCause,
  type ReconnectingReport,
  type ReconnectingState,
  type UnsentCounts,
} from "./client/reconnecting/outcome.ts";
export type { ReconnectingOptions, ReconnectingUrl } from "./client/reconnecting/options.ts";
export type { BackoffOptions } from "./client/reconnecting/backoff.ts";
export type { QueueOptions } from "./client/reconnecting/unsent-queue.ts";

// To be a client as browsers know it.
export { type BinaryType, WebSocket } from "./client/whatwg/websocket.ts";
export type { WebSocketOptions } from "./client/whatwg/websocket-options.ts";
export type {
  AnyListener,
  FailureEvent,
  ListenerOptions,
  WebSocketEventMap,
} from "./client/whatwg/websocket-events.ts";
export { CloseEvent, type CloseEventConstructor, type CloseEventInit } from "./client/whatwg/close-event.ts";
export {
  type WebSocketClosedInfo,
  type WebSocketOpenInfo,
  WebSocketStream,
  type WebSocketStreamOptions,
} from "./client/whatwg/websocket-stream.ts";
export { type WebSocketCloseInfo, WebSocketError } from "./client/whatwg/websocket-error.ts";
export type { WritableMessage } from "./client/whatwg/message-writable.ts";
export type { NetworkOptions } from "./client/whatwg/establish.ts";
export type { WebSocketEventHandler } from "./client/whatwg/event-handler.ts";

// To hold a connection.
export type { AnyConnection, Connection, Message } from "./connection/connection.ts";
export type { MessageStream } from "./connection/message-stream.ts";
export type { SendOptions } from "./connection/send-options.ts";
export type { Sendable } from "./connection/bytes.ts";
export { type DuplexOptions, toDuplex } from "./connection/to-duplex.ts";
export { type BroadcastOptions, broadcast } from "./connection/broadcast.ts";
export { type CloseCause, type CloseReport, describeReport, isNormal } from "./connection/close-report.ts";
export type { Capabilities, CloseFrame, Kind, Phase, WireVersion } from "./wire/wire.ts";
export { allVersions } from "./wire/legacy/framings.ts";

// To answer handshakes oneself.
export {
  type AcceptStreamOptions,
  acceptStream,
  type PendingHandshake,
  type ReceivedBy,
  type StreamHandshake,
} from "./accept/accept-stream.ts";
export type { AcceptOptions } from "./accept/admission.ts";

// To test all that, without a network and without waiting.
export { type TestEndOptions, type TestPair, type TestPairOptions, testPair } from "./accept/test-pair.ts";
export type { FaultScript, Faults, Split } from "./transport/fault-script.ts";
export { ManualClock } from "./transport/manual-clock.ts";
export type { Clock, Timer } from "./transport/clock.ts";

// What can go wrong, and how much is allowed.
export { HawserError, LimitError, ProtocolError, UnsupportedError } from "./wire/errors.ts";
export { HandshakeError } from "./handshake/handshake-error.ts";
export { ConnectionClosedError } from "./connection/closed-error.ts";
export { defaultLimits, defaultTimeouts, type Limits, type Timeouts } from "./wire/limits.ts";
