// `hawser/wire`: the codec and the machine, for people who bring their own I/O.
// biome-ignore-all assist/source/organizeImports: the groups are the point

// The machine and its contract.
export { createWire, type WireOptions } from "./rfc6455/machine.ts";
export type {
  Capabilities,
  CloseFrame,
  Kind,
  Output,
  Phase,
  Role,
  Sink,
  Slab,
  Wire,
  TransportEnd,
  WireEnd,
  WireEndCause,
  WireVersion,
} from "./wire.ts";
export type { Codec, DeflateOwner, InflateOwner } from "./codec.ts";
export type { Encoded, SharedBytes, SharedMessage, SharedWaiter } from "./encoded.ts";
export { OutputBuffer } from "./output-buffer.ts";

// Wire versions.
export type { Framing, MaskKey, Reader, ReaderSettings } from "./framing.ts";
export { allVersions, type FrameKey, framingOf } from "./legacy/framings.ts";

// Frames alone.
export { Decoder, type DecoderOptions, type FrameHandler } from "./rfc6455/decoder.ts";
export { Encoder, encodeMessage, firstByte } from "./rfc6455/encoder.ts";
export {
  emptyHeader,
  type FrameHeader,
  headerSize,
  MAX_HEADER,
  readHeader,
  writeHeader,
} from "./rfc6455/frame-header.ts";
export { applyMask, rotate } from "./rfc6455/mask.ts";
export { isControl, isReserved, Opcode } from "./rfc6455/opcode.ts";
export { Utf8Checker } from "./rfc6455/utf8.ts";

// Close codes, limits, errors.
export { checkClose, mayTravel, parseClose, printClose } from "./rfc6455/close-code.ts";
export {
  defaultLimits,
  defaultTimeouts,
  type Limits,
  resolveLimits,
  resolveTimeouts,
  type Timeouts,
} from "./limits.ts";
export {
  HawserError,
  LimitError,
  ProtocolError,
  UnsupportedError,
  type Violation,
  violations,
} from "./errors.ts";
