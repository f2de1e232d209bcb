// One machine under test, with its recording sink and a clock that is moved by hand.
import { Buffer } from "node:buffer";
import {
  createWire,
  defaultLimits,
  defaultTimeouts,
  type Limits,
  type Role,
  type Timeouts,
  type Wire,
  type WireOptions,
} from "hawser/wire";
import { type FrameMaker, framesFor, type ReadFrame, readFrames } from "./frames.ts";
import { RecordingSink } from "./recording-sink.ts";

/** What differs from the defaults. */
export interface SessionOptions extends Omit<Partial<WireOptions>, "limits" | "timeouts" | "sink" | "now"> {
  readonly limits?: Partial<Limits>;
  readonly timeouts?: Partial<Timeouts>;
}

/** When every session begins: not at zero, so that a forgotten `now` shows. */
export const START = 100_000;

/** A machine and all around it. */
export class Session {
  readonly role: Role;
  readonly sink: RecordingSink = new RecordingSink();
  readonly wire: Wire;
  /** Builds frames as the machine's peer sends them. */
  readonly peer: FrameMaker;
  now: number = START;

  constructor(options: SessionOptions = {}) {
    const { role = "server", limits, timeouts, maskKey = () => 0x3d21fa37, ...rest } = options;
    this.role = role;
    this.peer = framesFor(role);
    this.wire = createWire({
      ...rest,
      role,
      sink: this.sink,
      now: this.now,
      ...(role === "client" ? { maskKey } : {}),
      limits: { ...defaultLimits, ...limits },
      timeouts: { ...defaultTimeouts, ...timeouts },
    });
    this.sink.wire = this.wire;
  }

  /** Hands in chunks, each a copy, as the machine may write into them. */
  receive(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) this.wire.receive(Buffer.from(chunk), this.now);
    return this;
  }

  /** The peer's FIN. */
  end(): this {
    this.wire.receiveEnd(this.now);
    return this;
  }

  resume(): this {
    this.wire.resume(this.now);
    return this;
  }

  close(code?: number, reason = ""): this {
    this.wire.close(code, reason, this.now);
    return this;
  }

  /** Lets time pass, with a tick at every deadline on the way, as a clock gives it. */
  advance(milliseconds: number): this {
    const until = this.now + milliseconds;
    for (let at = this.wire.deadline; at !== undefined && at <= until; at = this.wire.deadline) {
      this.now = Math.max(this.now, at);
      this.wire.tick(this.now);
      if (this.wire.deadline === at)
        throw new Error(`a tick at its deadline ${at} left the deadline where it was`);
    }
    this.now = until;
    this.wire.tick(until);
    return this;
  }

  /** What was delivered whole. */
  get messages(): (string | Uint8Array)[] {
    return this.sink.of("message").map((event) => event.data);
  }

  /** All frames sent so far. */
  get sent(): ReadFrame[] {
    return readFrames(Buffer.concat(this.sink.of("sent").map((event) => event.bytes)));
  }
}
