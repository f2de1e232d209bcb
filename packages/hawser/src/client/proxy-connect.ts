// CONNECT: how an HTTP proxy is asked for a tunnel (RFC 9110 §9.3.6).
import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { AnswerBody } from "../handshake/answer-body.ts";
import { basicAuthorization } from "../handshake/basic-authorization.ts";
import { HandshakeError } from "../handshake/handshake-error.ts";
import { HeaderList } from "../handshake/header-list.ts";
import { destroyStream } from "../transport/destroy-stream.ts";
import { drop } from "./adopt.ts";
import { authorityOf, serverNameOf, type Tunnel } from "./destination.ts";
import type { Network } from "./network.ts";
import { unlessAborted } from "./patience.ts";

/**
 * Tunnels through an HTTP proxy, with the name and password in its URL.
 *
 * @param network how the proxy itself is reached
 * @returns a function that rejects with HandshakeError: `status` is the proxy's where it refused, and 0 where it cannot be used
 */
export function tunnelThrough(proxy: URL, network: Network): Tunnel {
  return (destination) => {
    const authority = authorityOf(destination);
    const { signal } = destination;
    const made = new Promise<Duplex>((resolve, reject) => {
      const request = (proxy.protocol === "https:" ? httpsRequest : httpRequest)({
        ...placeOf(proxy),
        ...network,
        method: "CONNECT",
        path: authority,
        headers: { Host: authority, ...authorizationOf(proxy) },
        agent: false,
        signal,
      });
      request.on("connect", (answer, socket, head: Buffer) => {
        const { statusCode = 0 } = answer;
        if (statusCode >= 200 && statusCode < 300) {
          if (head.length > 0) socket.unshift(head);
          resolve(socket);
        } else {
          destroyStream(socket);
          reject(refusalOf(proxy, authority, answer, head));
        }
      });
      request.on("error", (error) => {
        const message = `the proxy ${proxy.host} gave no tunnel to ${authority}: ${error.message}`;
        reject(new HandshakeError(message, { status: 0, cause: error }));
      });
      request.end();
    });
    return unlessAborted(signal, made, drop);
  };
}

function placeOf(proxy: URL): object {
  const host = proxy.hostname.replace(/^\[|\]$/g, "");
  return {
    host,
    ...(proxy.port !== "" && { port: proxy.port }),
    // Both would be taken from elsewhere: the name from the Host header, which is the destination's, and this from the environment.
    servername: serverNameOf(host),
    rejectUnauthorized: true,
  };
}

/** RFC 9110 §11.7.2. */
function authorizationOf(proxy: URL): Record<string, string> {
  const authorization = basicAuthorization(proxy);
  return authorization === undefined ? {} : { "Proxy-Authorization": authorization };
}

/** What the proxy said instead, with as much of its page as came at once. */
function refusalOf(proxy: URL, authority: string, answer: IncomingMessage, start: Buffer): HandshakeError {
  const { statusCode: status = 0, statusMessage: reason = "", rawHeaders } = answer;
  const headers = HeaderList.fromRaw(rawHeaders);
  const body = new AnswerBody({ status, headers }, Math.max(start.length, 1));
  body.read(start);
  const words = reason === "" ? "" : ` ${reason.replace(/[^ -~]/g, "?")}`;
  const message = `the proxy ${proxy.host} refused a tunnel to ${authority}: ${status}${words}`;
  return new HandshakeError(message, { status, headers, body: body.text });
}
