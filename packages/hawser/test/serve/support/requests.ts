// Requests for WebSockets as bytes: a good one, to be spoilt in one place.
import { Buffer } from "node:buffer";

/** The key of RFC 6455 §1.3. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** The answer to it. */
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const goodLines: Readonly<Record<string, string>> = {
  Host: "localhost",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": KEY,
  "Sec-WebSocket-Version": "13",
};

/** What differs from the good request. */
export interface Changes {
  /** The request line. Default: GET / HTTP/1.1. */
  readonly line?: string;
  /** Values instead of the good ones, undefined for none, several for several lines; other names are added. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Lines as they are, behind the others. */
  readonly raw?: string;
}

/** The bytes of a request (latin1). */
export function request({ line = "GET / HTTP/1.1", headers = {}, raw = "" }: Changes = {}): Buffer {
  const lines = Object.entries({ ...goodLines, ...headers }).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}\r\n`),
  );
  return Buffer.from(`${line}\r\n${lines.join("")}${raw}\r\n`, "latin1");
}

/** As `request`, for this path. */
export function requestFor(path: string, headers: Changes["headers"] = {}): Buffer {
  return request({ line: `GET ${path} HTTP/1.1`, headers });
}

/** Plain HTTP. */
export function plainRequest(path = "/page", lines = ""): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`);
}
