// Port: where the primary listens.
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { localUrl } from "../serve/local-url.ts";
import type { ListenPlace } from "../serve/place.ts";
import { warnOnce } from "../transport/warn.ts";

/** Accepts sockets and reads nothing from them. */
export class Port {
  readonly #listener: NetServer;
  readonly #secure: boolean;

  constructor(secure: boolean, accepted: (socket: Socket) => void) {
    this.#secure = secure;
    this.#listener = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, accepted);
  }

  /** The TCP port; 0 on a Unix socket. */
  get number(): number {
    const address = this.#listener.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  get url(): string {
    return localUrl(this.#secure, this.#listener.address());
  }

  /** Rejects with the system's error if it cannot listen. */
  listen({ port, host, backlog, socketPath, fd }: ListenPlace): Promise<void> {
    const listener = this.#listener;
    return new Promise((resolve, reject) => {
      listener.once("error", reject);
      listener.once("listening", () => {
        listener.off("error", reject);
        // After this, errors are of single sockets that could not be accepted (EMFILE): the next may be.
        listener.on("error", (error) =>
          warnOnce("accept", `a connection could not be accepted: ${error.message}`),
        );
        resolve();
      });
      if (fd !== undefined) listener.listen({ fd });
      else if (socketPath !== undefined) listener.listen({ path: socketPath });
      else listener.listen({ port, host, backlog });
    });
  }

  close(): void {
    this.#listener.close();
  }
}
