// Asking: one opening handshake on a stream, from the request to the answer, whoever the other end is.
import { Buffer } from "node:buffer";
import type { Agreement, Offer } from "../handshake/agreement.ts";
import { AnswerBody } from "../handshake/answer-body.ts";
import { GatheredBytes } from "../handshake/gathered-bytes.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { type AnswerHead, AnswerReader } from "../handshake/head.ts";
import { checkProof } from "../handshake/legacy/hixie-76.ts";
import { PROOF_LENGTH } from "../handshake/legacy/key-number.ts";
import { checkAnswer } from "../handshake/offer.ts";
import { Timer } from "../transport/clock.ts";
import { destroyStream } from "../transport/destroy-stream.ts";
import { DuplexTransport } from "../transport/duplex.ts";
import type { Receiver } from "../transport/transport.ts";
import type { Dialled } from "./dial.ts";
import type { ConnectSettings } from "./options.ts";

/** How long the body of a refusal may take to come, in milliseconds: it is worth something, but not everything. */
const BODY_TIME = 1000;

/** The server said yes. */
export interface Accepted {
  readonly transport: DuplexTransport;
  readonly answer: AnswerHead;
  readonly agreement: Agreement;
  /** What came behind the answer before anybody could be told of it: the first frames, whole or cut. */
  readonly first: readonly Buffer[];
}

/**
 * Sends the request and waits for the answer.
 *
 * @throws (rejects with) HandshakeError for an answer other than 101, with its body as far as it came, for a 101 that is wrong, and
 *   for none; the signal's reason. The stream is dropped then.
 */
export function ask(
  dialled: Dialled,
  offer: Offer,
  settings: ConnectSettings,
  signal: AbortSignal,
): Promise<Accepted> {
  return new Promise((resolve, reject) => {
    try {
      new Asking(dialled, offer, settings, signal, { resolve, reject }).start();
    } catch (error) {
      // A stream of somebody's that cannot be a transport.
      destroyStream(dialled.stream);
      throw error;
    }
  });
}

/** Who waits for the answer. */
interface Waiter {
  resolve(accepted: Accepted): void;
  reject(error: unknown): void;
}

class Asking extends Timer implements Receiver {
  readonly #transport: DuplexTransport;
  readonly #offer: Offer;
  readonly #settings: ConnectSettings;
  readonly #signal: AbortSignal;
  readonly #waiter: Waiter;
  readonly #reader: AnswerReader;
  readonly #abort = (): void => this.#givenUp(this.#signal.reason);
  /** Set once the answer is known to be a refusal. */
  #refusal: { head: AnswerHead; body: AnswerBody } | undefined;
  /** Set once the head of the answer is known to be right, where a proof comes behind it. */
  #unproven: { head: AnswerHead; agreement: Agreement; gathered: GatheredBytes } | undefined;
  /** Set once the answer is known to be right: a stream may give the next chunks in the same turn. */
  #first: Buffer[] | undefined;
  #settled = false;

  constructor(
    dialled: Dialled,
    offer: Offer,
    settings: ConnectSettings,
    signal: AbortSignal,
    waiter: Waiter,
  ) {
    super();
    this.#transport = new DuplexTransport(dialled.stream, undefined, dialled.reads);
    this.#offer = offer;
    this.#settings = settings;
    this.#signal = signal;
    this.#waiter = waiter;
    this.#reader = new AnswerReader(settings.limits);
  }

  start(): void {
    if (this.#signal.aborted) {
      this.#abort();
      return;
    }
    this.#signal.addEventListener("abort", this.#abort, { once: true });
    this.#transport.write(this.#offer.bytes);
    this.#transport.start(this);
  }

  received(chunk: Buffer): void {
    const bytes = this.#transport.lends ? Buffer.from(chunk) : chunk;
    this.#first?.push(bytes);
    if (this.#settled) return;
    if (this.#refusal !== undefined) {
      this.#readBody(bytes);
      return;
    }
    try {
      if (this.#unproven !== undefined) {
        this.#prove(bytes);
        return;
      }
      const read = this.#reader.read(bytes);
      if (read !== undefined) this.#answered(read.head, read.rest);
    } catch (error) {
      this.#end(error);
    }
  }

  receivedEnd(): void {
    this.lost(undefined);
  }

  drained(): void {
    // A request is some hundred bytes: nothing waits for it to be taken.
  }

  lost(error: Error | undefined): void {
    if (this.#refusal === undefined) {
      const why = error === undefined ? "" : `: ${error.message}`;
      const message = `the server hung up before it had answered${why}`;
      this.#end(new HandshakeError(message, { status: 0, cause: error }));
    } else {
      this.#refused();
    }
  }

  override expired(): void {
    this.#refused();
  }

  #answered(head: AnswerHead, rest: Buffer): void {
    if (head.status !== 101) {
      this.#refusal = { head, body: new AnswerBody(head, this.#settings.limits.memory) };
      const { clock } = this.#settings;
      clock.schedule(this, clock.now() + BODY_TIME);
      this.#readBody(rest);
      return;
    }
    const agreement = checkAnswer(this.#offer, head);
    if (this.#offer.proof === undefined) {
      this.#accepted(head, agreement, rest);
      return;
    }
    this.#unproven = { head, agreement, gathered: new GatheredBytes() };
    this.#prove(rest);
  }

  #prove(bytes: Buffer): void {
    if (this.#unproven === undefined) return;
    const { head, agreement, gathered } = this.#unproven;
    gathered.append(bytes);
    const all = gathered.bytes;
    if (all.length < PROOF_LENGTH) return;
    checkProof(this.#offer, head, all.subarray(0, PROOF_LENGTH));
    this.#accepted(head, agreement, all.subarray(PROOF_LENGTH));
  }

  #accepted(answer: AnswerHead, agreement: Agreement, rest: Buffer): void {
    this.#settle();
    this.#first = [rest];
    this.#waiter.resolve({ transport: this.#transport, answer, agreement, first: this.#first });
  }

  #readBody(bytes: Buffer): void {
    this.#refusal?.body.read(bytes);
    if (this.#refusal?.body.complete === true) this.#refused();
  }

  #refused(): void {
    if (this.#refusal === undefined) return;
    const { status, reason, headers } = this.#refusal.head;
    const words = reason === "" ? "" : ` ${reason}`;
    const message = `the server refused with ${status}${words.replace(/[^ -~]/g, "?")}`;
    this.#end(new HandshakeError(message, { status, headers, body: this.#refusal.body.text }));
  }

  /** A refusal is one whatever becomes of its body: that is worth more than the news that time is up. */
  #givenUp(reason: unknown): void {
    if (reason instanceof HandshakeError) this.#refused();
    this.#end(reason);
  }

  #end(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    this.#transport.destroy();
    this.#waiter.reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#settings.clock.cancel(this);
    this.#signal.removeEventListener("abort", this.#abort);
  }
}
