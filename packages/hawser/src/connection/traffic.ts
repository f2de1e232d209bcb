// Traffic: how much went over connections, each way.

/** On the wire after the handshake; bytes include the headers of frames. */
export interface Traffic {
  readonly messages: { readonly sent: number; readonly received: number };
  readonly bytes: { readonly sent: number; readonly received: number };
}

/** Adds up the traffic of many connections. */
export class TrafficSum implements Traffic {
  readonly messages = { sent: 0, received: 0 };
  readonly bytes = { sent: 0, received: 0 };

  add({ messages, bytes }: Traffic): void {
    this.messages.sent += messages.sent;
    this.messages.received += messages.received;
    this.bytes.sent += bytes.sent;
    this.bytes.received += bytes.received;
  }
}
