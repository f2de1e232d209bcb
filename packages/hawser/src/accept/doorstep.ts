// The doorstep: a stream from its first byte to the answer of its handshake, guarded all the while.
//
// Nothing the peer does here reaches anybody but the one who waits: errors of the stream are heard, bytes are bounded, and
// the handshake's deadline runs, whether we wait for the peer or for an `upgrade` hook.
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { Refusal } from "../handshake/answer.ts";
import { printRefusal } from "../handshake/answer.ts";
import { GatheredBytes } from "../handshake/gathered-bytes.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import type { HeadRead } from "../handshake/head.ts";
import { HeadReader } from "../handshake/head.ts";
import { ProxyHeaderReader } from "../handshake/proxy-protocol.ts";
import { Timer } from "../transport/clock.ts";
import { DuplexTransport } from "../transport/duplex.ts";
import type { Receiver } from "../transport/transport.ts";
import { Challenge } from "./challenge.ts";
import type { Settings } from "./settings.ts";
import type { Peer } from "./trust.ts";

/** An answer above this, with long headers of an application's, is not copied. */
const LARGE = 4096;

/** How long a refused peer may take to read its answer and hang up, and one that is turned away to begin, in milliseconds. */
const LINGER = 1000;

const nothing: readonly Buffer[] = [];

/** What `HandshakeError.status` is when nobody was left to be answered. */
export const NO_ANSWER = 0;

/**
 * Where a handshake stands. The last five are ends: the deadline does not hold any more.
 */
type Step =
  | "proxy-header"
  | "head"
  | "deciding"
  | "proving"
  | "turned-away"
  | "accepted"
  | "handed-on"
  | "refused"
  | "gone";

/** Who waits for the head of a request, at one doorstep or at many. */
export interface HeadTaker {
  headCame(read: HeadRead, doorstep: Doorstep): void;
  /** There will be none; the peer has had its answer, if it can be answered. */
  headFailed(error: HandshakeError, doorstep: Doorstep): void;
}

/** Who keeps account of doorsteps. */
export interface DoorstepKeeper {
  /** The handshake is over, one way or another. Called once for each. */
  settled(doorstep: Doorstep): void;
}

/** How a doorstep comes to be. */
export interface DoorstepOptions {
  /** Bytes that were read from the stream before. */
  readonly head?: Uint8Array | undefined;
  /** Somebody else has read the request's head: only the answer is to be found. */
  readonly headWasRead?: boolean | undefined;
  /** When the handshake began, if that was before now. */
  readonly since?: number | undefined;
  /** Who is at the other end, where that is known better than from the stream. */
  readonly peer?: Peer | undefined;
  /** Called in place of the promise of `readHead`. */
  readonly taker?: HeadTaker | undefined;
}

/** Makes of a stream a connection's transport, an answered refusal, or somebody else's stream. */
export class Doorstep extends Timer implements Receiver {
  readonly transport: DuplexTransport;
  readonly #settings: Settings;
  readonly #reader: HeadReader;
  readonly #keeper: DoorstepKeeper | undefined;
  #proxyHeader: ProxyHeaderReader | undefined;
  #peer: Peer;
  #step: Step;
  /** What came in one chunk with the head, behind it. */
  #rest: Buffer | undefined;
  /** What came later, before the answer. */
  #early: GatheredBytes | undefined;
  #taker: HeadTaker | undefined;
  #challenge: Challenge | undefined;
  /** What one that was turned away is to be answered. */
  #refusal: Refusal | undefined;
  #failure: HandshakeError | undefined;
  #onFailure: ((error: HandshakeError) => void) | undefined;
  #onGone: (() => void) | undefined;

  /** @throws TypeError if the stream carries no bytes */
  constructor(stream: Duplex, settings: Settings, options: DoorstepOptions = {}, keeper?: DoorstepKeeper) {
    super();
    const { clock, timeouts, limits, trust } = settings;
    this.#settings = settings;
    this.#keeper = keeper;
    this.#taker = options.taker;
    this.transport = new DuplexTransport(stream, options.head);
    this.#reader = new HeadReader(limits);
    this.#peer = options.peer ?? { address: this.transport.remoteAddress, secure: isSecure(stream) };
    if (options.headWasRead === true) {
      this.#step = "deciding";
    } else if (trust.expectsProxyHeader(this.#peer.address)) {
      this.#step = "proxy-header";
      this.#proxyHeader = new ProxyHeaderReader();
    } else {
      this.#step = "head";
    }
    this.#schedule((options.since ?? clock.now()) + timeouts.handshake);
    this.transport.start(this);
  }

  /** Where the peer is, its PROXY header taken into account. */
  get peer(): Peer {
    return this.#peer;
  }

  /** Why no answer of ours reaches the peer any more: it is gone, or was told that we were too late. */
  get failure(): HandshakeError | undefined {
    return this.#failure;
  }

  /** It is answered, or nobody is left to be answered. */
  get settled(): boolean {
    const step = this.#step;
    return step !== "proxy-header" && step !== "head" && step !== "deciding" && step !== "proving";
  }

  /** It was answered yes, and the peer has still to say what the end of that answer hangs on. */
  get proving(): boolean {
    return this.#step === "proving";
  }

  /** The head of the request. Rejects with a HandshakeError; the peer has had its answer then. Called once. */
  readHead(): Promise<HeadRead> {
    return new Promise((resolve, reject) => {
      this.#taker = { headCame: resolve, headFailed: reject };
      if (this.#failure !== undefined) reject(this.#failure);
    });
  }

  /** Resolves if the handshake fails while we decide: the peer went away, or the deadline passed and it was answered 503. */
  failed(): Promise<HandshakeError> {
    return new Promise((resolve) => {
      this.#onFailure = resolve;
      if (this.#failure !== undefined) resolve(this.#failure);
    });
  }

  /** The answer is yes. Returns the bytes that came behind the request; the transport is the connection's now. */
  accept(answer: Buffer): readonly Buffer[] {
    if (this.#step === "deciding") {
      this.#settle("accepted");
      this.#write(answer);
    } else if (this.#step === "refused") {
      // Too late: the transport is still the connection's, to end it.
      this.#settle("gone");
      this.#onGone?.();
    }
    if (this.#rest === undefined && this.#early === undefined) return nothing;
    const came = [this.#rest, this.#early?.bytes].filter((bytes) => bytes !== undefined);
    this.#forgetBytes();
    return came;
  }

  /**
   * The answer is yes, and it ends with a proof, for which eight bytes of the peer's are needed.
   *
   * @param done called once, with the bytes that came behind those; with none if there is nobody there any more
   */
  acceptChallenge(
    answer: Buffer,
    proof: (body: Uint8Array) => Buffer,
    done: (early: readonly Buffer[]) => void,
  ): void {
    if (this.#step !== "deciding") {
      this.accept(answer);
      done(nothing);
      return;
    }
    const came = [this.#rest, this.#early?.bytes].filter((bytes) => bytes !== undefined);
    this.#forgetBytes();
    this.#step = "proving";
    this.#challenge = new Challenge(proof, done);
    this.#write(answer);
    // In one piece: what comes behind the eight bytes must not be taken for them once more.
    this.#prove(Buffer.concat(came));
    this.transport.flush();
  }

  /** The stream is somebody else's: paused, with all bytes that came put back. */
  handOn(raw: Buffer): Duplex {
    this.#settle("handed-on");
    const stream = this.transport.detach();
    if (this.#early !== undefined) stream.unshift(this.#early.bytes);
    stream.unshift(raw);
    this.#forgetBytes();
    return stream;
  }

  /** The answer is no, if none was given yet. Resolves when the peer has hung up, or was given a second to do so. */
  refuse(refusal: Refusal): Promise<void> {
    const answer = printRefusal(refusal);
    if (this.#step === "proving") {
      // It was told yes: there is no way to say no but to hang up.
      this.#giveUp("the handshake was given up");
    } else if (!this.settled) {
      this.#settle("refused");
      this.#sayNo(answer);
    }
    return this.#step === "refused" ? this.#whenGone() : Promise.resolve();
  }

  #whenGone(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#onGone;
      this.#onGone = () => {
        before?.();
        resolve();
      };
    });
  }

  /**
   * The answer is no, whatever is asked for; it is given when something was asked for, or a second later.
   *
   * An answer that comes before the request makes nginx 1.22 mistake the answer of the next server it tries (502).
   *
   * @returns when the peer has hung up, or was given a second to do so
   */
  turnAway(refusal: Refusal): Promise<void> {
    if (this.#step !== "proxy-header" && this.#step !== "head") return this.refuse(refusal);
    this.#settle("turned-away");
    this.#refusal = refusal;
    this.#schedule(this.#settings.clock.now() + LINGER);
    return this.#whenGone();
  }

  received(chunk: Buffer): void {
    if (this.#step === "turned-away") {
      this.#answerTurnedAway();
    } else if (this.#step === "deciding") {
      this.#keepEarly(chunk);
    } else if (this.#step === "proving") {
      this.#prove(chunk);
    } else if (this.#step === "head" || this.#step === "proxy-header") {
      try {
        this.#read(chunk);
      } catch (error) {
        if (!(error instanceof HandshakeError)) throw error;
        this.#fail(error);
      }
    }
  }

  receivedEnd(): void {
    this.#giveUp("the client hung up before it had an answer");
  }

  drained(): void {
    // An answer is a few hundred bytes: nothing waits for it to be taken.
  }

  lost(error: Error | undefined): void {
    this.#leave("the connection was lost before the handshake was over", error);
  }

  override expired(): void {
    if (this.#step === "refused") {
      this.transport.destroy();
    } else if (this.#step === "turned-away") {
      this.#answerTurnedAway();
    } else if (this.#step === "proving") {
      this.#giveUp("the eight bytes behind the request did not come in time");
    } else if (this.#step === "deciding") {
      this.#fail(new HandshakeError("the server took too long to decide", { status: 503 }));
    } else {
      const message = "the request did not come in time";
      this.#fail(new HandshakeError(message, { status: 408, rule: "RFC 9110 §15.5.9" }));
    }
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    if (this.#proxyHeader !== undefined) {
      const header = this.#proxyHeader.read(chunk);
      if (header === undefined) return;
      this.#proxyHeader = undefined;
      this.#step = "head";
      const { address, secure } = this.#peer;
      this.#peer = { address: header.remoteAddress ?? address, secure: header.secure ?? secure };
      rest = header.rest;
      if (rest.length === 0) return;
    }
    const read = this.#reader.read(rest);
    if (read === undefined) return;
    this.#step = "deciding";
    if (read.rest.length > 0) this.#rest = read.rest;
    const taker = this.#taker;
    // What fails from here on is for whoever decides.
    this.#taker = undefined;
    taker?.headCame(read, this);
  }

  // Into the memory in which what the open hook sends will lie: both go out in one piece.
  #write(answer: Buffer): void {
    if (answer.length > LARGE) {
      this.transport.write(answer);
      return;
    }
    const slab = this.transport.reserve(answer.length);
    slab.used += answer.copy(slab.bytes, slab.used);
  }

  // Gathered, since a list would cost some hundred bytes for each chunk, and a chunk may be one byte.
  #keepEarly(chunk: Buffer): void {
    const { memory } = this.#settings.limits;
    const before = this.#early?.bytes.length ?? 0;
    if (before + chunk.length <= memory) {
      this.#early ??= new GatheredBytes();
      this.#early.append(chunk);
      return;
    }
    const message = `over ${memory} bytes came before the answer`;
    this.#fail(new HandshakeError(message, { status: 400, rule: "RFC 6455 §4.1" }));
  }

  #prove(bytes: Buffer): void {
    const challenge = this.#challenge;
    const met = challenge?.read(bytes);
    if (challenge === undefined || met === undefined) return;
    this.#settle("accepted");
    this.#write(met.proof);
    challenge.done([met.rest]);
  }

  #answerTurnedAway(): void {
    this.#step = "refused";
    if (this.#refusal !== undefined) this.#sayNo(printRefusal(this.#refusal));
  }

  #sayNo(answer: Buffer): void {
    this.#forgetBytes();
    this.transport.write(answer);
    // Half-closed, and what still comes is read and dropped: with unread bytes a close is a reset, which kills the answer.
    this.transport.end();
    this.#schedule(this.#settings.clock.now() + LINGER);
  }

  #giveUp(message: string): void {
    this.#leave(message, undefined);
    this.transport.destroy();
  }

  #forgetBytes(): void {
    this.#rest = undefined;
    this.#early = undefined;
  }

  #fail(error: HandshakeError): void {
    void this.refuse(error);
    this.#tell(error);
  }

  #leave(message: string, cause: Error | undefined): void {
    if (this.#step === "accepted" || this.#step === "handed-on" || this.#step === "gone") return;
    const wasAnswered = this.#step === "refused" || this.#step === "turned-away";
    const challenge = this.#step === "proving" ? this.#challenge : undefined;
    this.#settle("gone");
    this.#onGone?.();
    // It has heard why it was refused, and that it then hangs up is no failure.
    if (!wasAnswered) this.#tell(new HandshakeError(message, { status: NO_ANSWER, cause }));
    challenge?.done(nothing);
  }

  #tell(error: HandshakeError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#taker?.headFailed(error, this);
    this.#onFailure?.(error);
  }

  #schedule(deadline: number): void {
    if (deadline !== Number.POSITIVE_INFINITY) this.#settings.clock.schedule(this, deadline);
  }

  #settle(end: Step): void {
    const wasSettled = this.#step === "refused" || this.#step === "turned-away";
    this.#settings.clock.cancel(this);
    this.#step = end;
    if (!wasSettled) this.#keeper?.settled(this);
  }
}

function isSecure(stream: Duplex): boolean {
  return "encrypted" in stream && stream.encrypted === true;
}
