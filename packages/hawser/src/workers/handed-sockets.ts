// HandedSockets: a net.Server that listens nowhere; its connections are sockets that another process has accepted.
import { Server, type Socket } from "node:net";

/** For `serve({ listener })` in a process that is handed its sockets. */
export class HandedSockets extends Server {
  constructor() {
    super({ allowHalfOpen: true });
    // To whoever looks, it listens already: there is nothing to wait for.
    Object.defineProperty(this, "listening", { value: true });
  }

  /** A socket has come. */
  take(socket: Socket): void {
    // As the sockets of the server that accepted it: a peer that half-closes still gets its answers.
    socket.allowHalfOpen = true;
    this.emit("connection", socket);
  }

  override close(done?: (error?: Error) => void): this {
    done?.();
    return this;
  }
}
