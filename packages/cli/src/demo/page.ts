// The demo's page over plain HTTP: four small files, read once, and nothing else.
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

interface PageFile {
  readonly type: string;
  readonly body: Uint8Array;
}

/** Only what comes from this server may be loaded, run or connected to; the page goes into no frame and sends no form. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const securityHeaders = {
  "Content-Security-Policy": contentSecurityPolicy,
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Answers requests for the page. Throws if its files cannot be read. */
export function pageListener(): (request: IncomingMessage, response: ServerResponse) => void {
  const files = new Map<string, PageFile>([
    ["/", pageFile(new URL("./page/index.html", import.meta.url), "text/html; charset=utf-8")],
    ["/page.css", pageFile(new URL("./page/page.css", import.meta.url), "text/css; charset=utf-8")],
    ["/page.mjs", pageFile(new URL("./page/page.mjs", import.meta.url), "text/javascript; charset=utf-8")],
    ["/icon.svg", pageFile(new URL("./page/icon.svg", import.meta.url), "image/svg+xml")],
  ]);
  return (request, response) => {
    // Nothing here takes a body: what comes all the same is read and dropped, so that the connection can go on.
    request.resume();
    if (request.method !== "GET" && request.method !== "HEAD") {
      answerText(response, 405, "only GET and HEAD are answered here", { Allow: "GET, HEAD" });
      return;
    }
    const [path = ""] = (request.url ?? "").split("?", 1);
    const file = files.get(path);
    if (file === undefined) {
      answerText(response, 404, "there is no such page; the demo is at /");
      return;
    }
    // No cache: the next version of the demo is served from the same address.
    response.writeHead(200, {
      ...securityHeaders,
      "Cache-Control": "no-cache",
      "Content-Length": file.body.length,
      "Content-Type": file.type,
    });
    response.end(file.body);
  };
}

function pageFile(url: URL, type: string): PageFile {
  return { type, body: readFileSync(url) };
}

function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...securityHeaders,
    ...headers,
    "Content-Length": text.length + 1,
    "Content-Type": "text/plain; charset=utf-8",
  });
  response.end(`${text}\n`);
}
