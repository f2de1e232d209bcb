// A Sink that writes down what happens to it, in order.
import type { Buffer } from "node:buffer";
import { type Kind, OutputBuffer, type Sink, type Wire, type WireEnd } from "hawser/wire";

/** What happened. `sent` is all that was written since the event before. */
export type RecordedEvent =
  | { readonly type: "sent"; readonly bytes: Buffer }
  | { readonly type: "message"; readonly data: string | Uint8Array }
  | { readonly type: "fragment"; readonly kind: Kind; readonly bytes: Uint8Array; readonly final: boolean }
  | { readonly type: "ping"; readonly payload: Uint8Array }
  | { readonly type: "pong"; readonly payload: Uint8Array; readonly sentAt: number | undefined }
  | { readonly type: "ready" }
  | { readonly type: "deflated" }
  | { readonly type: "end" }
  | { readonly type: "closed"; readonly end: WireEnd };

/** Records all events and answers pings, as the contract of `Sink.ping` demands. */
export class RecordingSink extends OutputBuffer implements Sink {
  /** What `message` does and answers. */
  onMessage: (data: string | Uint8Array) => boolean = () => true;
  /** What `fragment` does and answers. */
  onFragment: (kind: Kind, bytes: Uint8Array, final: boolean) => boolean = () => true;
  /** What `ping` does; by default it answers with a pong. */
  onPing: (payload: Uint8Array) => void = (payload) => this.wire?.pong(payload);
  /** The machine that this is the sink of. */
  wire: Wire | undefined;
  readonly #events: RecordedEvent[] = [];

  /** Everything so far. */
  get events(): readonly RecordedEvent[] {
    this.#noteSent();
    return this.#events;
  }

  /** The events of one type. */
  of<Type extends RecordedEvent["type"]>(type: Type): Extract<RecordedEvent, { type: Type }>[] {
    return this.events.filter(
      (event): event is Extract<RecordedEvent, { type: Type }> => event.type === type,
    );
  }

  /** Forgets everything so far. */
  clear(): void {
    this.#noteSent();
    this.#events.length = 0;
  }

  message(data: string | Uint8Array): boolean {
    this.#note({ type: "message", data });
    return this.onMessage(data);
  }

  fragment(kind: Kind, bytes: Uint8Array, final: boolean): boolean {
    this.#note({ type: "fragment", kind, bytes, final });
    return this.onFragment(kind, bytes, final);
  }

  ping(payload: Uint8Array): void {
    this.#note({ type: "ping", payload });
    this.onPing(payload);
  }

  pong(payload: Uint8Array, sentAt: number | undefined): void {
    this.#note({ type: "pong", payload, sentAt });
  }

  ready(): void {
    this.#note({ type: "ready" });
  }

  deflated(): void {
    this.#note({ type: "deflated" });
  }

  end(): void {
    this.#note({ type: "end" });
  }

  closed(end: WireEnd): void {
    this.#note({ type: "closed", end });
  }

  #note(event: RecordedEvent): void {
    this.#noteSent();
    this.#events.push(event);
  }

  #noteSent(): void {
    const bytes = this.take();
    if (bytes.length > 0) this.#events.push({ type: "sent", bytes });
  }
}
