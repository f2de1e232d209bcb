// An HTTP application that answers with what it was asked.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { RequestListener } from "node:http";

/** Answers with what it got: the line, and size and hash of the body. */
export const mirror: RequestListener = (asked, response) => {
  const hash = createHash("sha256");
  let size = 0;
  asked.on("data", (chunk: Buffer) => {
    size += chunk.length;
    hash.update(chunk);
  });
  asked.on("end", () => {
    const body = `${asked.method} ${asked.url} ${size} ${hash.digest("hex").slice(0, 8)} ${asked.headers.upgrade}`;
    response
      .writeHead(200, { "Content-Length": body.length, "X-Secure": String("encrypted" in asked.socket) })
      .end(body);
  });
};

/** What it answers. */
export const mirrored = (line: string, body: Uint8Array = Buffer.alloc(0)) =>
  `${line} ${body.length} ${createHash("sha256").update(body).digest("hex").slice(0, 8)} undefined`;
