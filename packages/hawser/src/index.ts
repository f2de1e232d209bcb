// The public names, grouped by who wants them.

// To answer handshakes oneself.
export {
  type AcceptStreamOptions,
  acceptStream,
  type PendingHandshake,
  type ReceivedBy,
  type StreamHandshake,
} from "./accept/accept-stream.ts";
export type { AcceptOptions } from "./accept/admission.ts";
export { type Refused, refuse } from "./accept/refusal.ts";
export type { ConnectionSettings } from "./accept/settings.ts";
// To test what holds it, without a network and without waiting.
export { type TestEndOptions, type TestPair, type TestPairOptions, testPair } from "./accept/test-pair.ts";
export type { TrustProxy } from "./accept/trust.ts";
export { type BroadcastOptions, broadcast } from "./connection/broadcast.ts";
export type { Sendable } from "./connection/bytes.ts";
export { type CloseCause, type CloseReport, describeReport, isNormal } from "./connection/close-report.ts";
export { ConnectionClosedError } from "./connection/closed-error.ts";
// To hold a connection.
export type { AnyConnection, Connection, Message } from "./connection/connection.ts";
export type { MessageStream } from "./connection/message-stream.ts";
export type { ErrorHook } from "./handlers/fault.ts";
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
export type { Resources } from "./handlers/resources.ts";
export { type RunOptions, run } from "./handlers/run.ts";
export { HandshakeError } from "./handshake/handshake-error.ts";
export type { HeaderList, ResponseHead } from "./handshake/head.ts";
export type { HeaderFields } from "./handshake/header-fields.ts";
export type { Origins } from "./handshake/origin.ts";
export type { UpgradeRequest } from "./handshake/upgrade-request.ts";
export type { ListenPlace } from "./serve/listening.ts";
export type { LiveServer } from "./serve/live-server.ts";
export type { EndpointOptions, PlainHttp } from "./serve/options.ts";
export type { DrainOptions, DrainReport, ServerStats } from "./serve/roster.ts";
// To run a server.
export { type ServeOptions, serve } from "./serve/serve.ts";
export type { Server } from "./serve/server.ts";
export { type UpgradeEmitter, type UpgradeEndpoint, upgrade } from "./serve/upgrade.ts";
export type { Clock } from "./transport/clock.ts";
export type { FaultScript, Faults, Split } from "./transport/fault-script.ts";
export { ManualClock } from "./transport/manual-clock.ts";
// What can go wrong, and how much is allowed.
export { HawserError, LimitError, ProtocolError, UnsupportedError } from "./wire/errors.ts";
export { defaultLimits, defaultTimeouts, type Limits, type Timeouts } from "./wire/limits.ts";
export type { Capabilities, CloseFrame, Kind, Phase, WireVersion } from "./wire/wire.ts";
