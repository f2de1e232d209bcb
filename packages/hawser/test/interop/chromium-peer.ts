// Chromium's own WebSocket as a peer: a page that does what it is asked.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServeOptions, type Server, serve } from "hawser";
import { type Browser, type LaunchOptions, chromium as playwright } from "playwright-core";
import { certificateFor } from "../serve/support/certificates.ts";
import { browserCodes, type ConnectOptions, type Peer, type PeerKind } from "./peer.ts";
import { connectRemotely } from "./remote-peer.ts";

const CHROMIUM = "/usr/bin/chromium";

export const chromium: PeerKind = {
  name: "Chromium",
  isThere: existsSync(CHROMIUM),
  install: "apt-get install chromium",
  start: startChromium,
  closeCodes: browserCodes,
  can: { headers: false, fragments: false, ping: false, closeWithoutCode: true, status: false, drop: false },
};

/** Has the page do one thing. */
const act = ({ operation, argument }: { operation: string; argument: object }): unknown =>
  (globalThis as any).peer[operation](argument);

const launchOptions: LaunchOptions = {
  executablePath: CHROMIUM,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

export function launchChromium(): Promise<Browser> {
  return playwright.launch(launchOptions);
}

/** A browser that can be ended without a goodbye. */
export async function launchKillable(): Promise<{ browser: Browser; kill: () => Promise<void> }> {
  // What it would have tidied up itself.
  const folder = await mkdtemp(join(tmpdir(), "hawser-chromium-"));
  const server = await playwright.launchServer({ ...launchOptions, env: { ...process.env, TMPDIR: folder } });
  const browser = await playwright.connect(server.wsEndpoint());
  const kill = async () => {
    await server.kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return { browser, kill };
}

/** Answers plain HTTP with the page that does what it is asked. */
export async function pageListener(): Promise<
  (request: IncomingMessage, response: ServerResponse) => unknown
> {
  const html = await readFile(new URL("./chromium-page.html", import.meta.url), "utf8");
  return (_request, response) => response.setHeader("Content-Type", "text/html").end(html);
}

async function startChromium(): Promise<Peer> {
  const http = await pageListener();
  const browser = await launchChromium();
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const servers: Server[] = [];

  /** A page under TLS or not: seen from one, a server of the other kind is another site, and gets no cookies. */
  const openPage = async (tls: ServeOptions["tls"]) => {
    const server = await serve({ port: 0, host: "127.0.0.1", http, tls }, () => undefined);
    servers.push(server);
    const page = await context.newPage();
    await page.goto(server.url.replace(/^ws/, "http"));
    return (operation: string, argument: object) => page.evaluate(act, { operation, argument });
  };
  const askPlainly = await openPage(undefined);
  const askSecurely = await openPage(certificateFor("localhost"));

  return {
    async connect(url: string, options: ConnectOptions = {}) {
      const { cookie, subprotocols } = options;
      await context.clearCookies();
      if (cookie !== undefined) {
        const [name = "", value = ""] = cookie.split("=");
        await context.addCookies([{ name, value, url: url.replace(/^ws/, "http") }]);
      }
      return connectRemotely(url.startsWith("wss:") ? askSecurely : askPlainly, url, { subprotocols });
    },
    async stop() {
      await browser.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
