// The closing handshake as a table of states (RFC 6455 §7.1), and what is remembered of it.
import type { LimitError, ProtocolError } from "../errors.ts";
import type { CloseFrame, Phase, WireEnd, WireEndCause } from "../wire.ts";
import { ABNORMAL } from "./close-code.ts";

/**
 * Where the closing handshake stands.
 *
 * - `open`: no Close was sent or received
 * - `closed-by-us`: we sent one and wait for the answer
 * - `closed-by-peer`: we received one and owe the answer
 * - `acknowledged`: nothing more will be sent or read; what is left is the end of the transport. A connection that was
 *   failed (§7.1.7) comes here at once: it waits for no answer.
 * - `ended`: the transport is gone or given up
 */
export type ClosingState = "open" | "closed-by-us" | "closed-by-peer" | "acknowledged" | "ended";

export type ClosingEvent = "send-close" | "receive-close" | "fail" | "end";

const transitions: Readonly<Record<ClosingState, Readonly<Record<ClosingEvent, ClosingState>>>> = {
  open: {
    "send-close": "closed-by-us",
    "receive-close": "closed-by-peer",
    fail: "acknowledged",
    end: "ended",
  },
  "closed-by-us": {
    "send-close": "closed-by-us",
    "receive-close": "acknowledged",
    fail: "acknowledged",
    end: "ended",
  },
  "closed-by-peer": {
    "send-close": "acknowledged",
    "receive-close": "closed-by-peer",
    fail: "acknowledged",
    end: "ended",
  },
  acknowledged: {
    "send-close": "acknowledged",
    "receive-close": "acknowledged",
    fail: "acknowledged",
    end: "ended",
  },
  ended: { "send-close": "ended", "receive-close": "ended", fail: "ended", end: "ended" },
};

const phases: Readonly<Record<ClosingState, Phase>> = {
  open: "open",
  "closed-by-us": "closing",
  "closed-by-peer": "closing",
  acknowledged: "closing",
  ended: "closed",
};

/** Why a connection was failed. */
export interface Failure {
  readonly code: number;
  readonly reason: string;
  readonly cause: WireEndCause;
  readonly error: ProtocolError | LimitError | undefined;
}

/** One connection's way from open to ended. */
export class Closing {
  state: ClosingState = "open";
  /** Follows from the state; a field, since every message asks for it. */
  phase: Phase = "open";
  sent: CloseFrame | undefined;
  received: CloseFrame | undefined;
  #initiator: "local" | "peer" | undefined;
  #failure: Failure | undefined;

  sendClose(frame: CloseFrame): void {
    this.sent = frame;
    this.#initiator ??= "local";
    this.#next("send-close");
  }

  receiveClose(frame: CloseFrame): void {
    this.received = frame;
    this.#initiator ??= "peer";
    this.#next("receive-close");
  }

  fail(failure: Failure): void {
    this.#failure = failure;
    this.#initiator ??= "local";
    this.#next("fail");
  }

  /** The end, and how it came to it. `cause` is what holds if nothing before explains it. */
  end(cause: "lost" | "close-timeout"): WireEnd {
    this.#next("end");
    const { sent, received } = this;
    const clean = sent !== undefined && received !== undefined;
    const initiator = this.#initiator ?? "peer";
    if (this.#failure !== undefined) return { ...this.#failure, clean, initiator, sent, received };
    return {
      // RFC 6455 §7.1.5: the code of the first Close received; 1006 if there was none.
      code: received?.code ?? ABNORMAL,
      reason: received?.reason ?? "",
      clean,
      initiator,
      cause: clean ? "close" : cause,
      sent,
      received,
      error: undefined,
    };
  }

  #next(event: ClosingEvent): void {
    this.state = transitions[this.state][event];
    this.phase = phases[this.state];
  }
}
