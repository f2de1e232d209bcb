// Chromium's own WebSocket as a peer: a page that does what it is asked.
import type { IncomingMessage, ServerResponse } from "node:http";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Browser, chromium as playwright, type LaunchOptions } from "playwright-core";
import { serve } from "hawser";
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
  const server = await playwright.launchServer(launchOptions);
  const browser = await playwright.connect(server.wsEndpoint());
  return { browser, kill: () => server.kill() };
}

/** Answers plain HTTP with the page that does what it is asked. */
export async function pageListener(): Promise<(request: IncomingMessage, response: ServerResponse) => unknown> {
  const html = await readFile(new URL("./chromium-page.html", import.meta.url), "utf8");
  return (_request, response) => response.setHeader("Content-Type", "text/html").end(html);
}

async function startChromium(): Promise<Peer> {
  const pages = await serve({ port: 0, host: "127.0.0.1", http: await pageListener() }, () => undefined);
  const browser = await launchChromium();
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${pages.port}/`);
  const ask = (operation: string, argument: object) => page.evaluate(act, { operation, argument });
  return {
    async connect(url: string, options: ConnectOptions = {}) {
      const { cookie, subprotocols } = options;
      await context.clearCookies();
      if (cookie !== undefined) {
        const [name = "", value = ""] = cookie.split("=");
        await context.addCookies([{ name, value, url: url.replace(/^ws/, "http") }]);
      }
      return connectRemotely(ask, url, { subprotocols });
    },
    async stop() {
      await browser.close();
      await pages.close();
    },
  };
}
