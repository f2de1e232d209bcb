// Chromium's own WebSocket as a peer: a page that does what it is asked.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { serve } from "hawser";
import { browserCodes, type ConnectOptions, type Peer } from "./peer.ts";
import { connectRemotely } from "./remote-peer.ts";

const CHROMIUM = "/usr/bin/chromium";

export const chromiumIsThere: boolean = existsSync(CHROMIUM);

/** Has the page do one thing. */
const act = ({ operation, argument }: { operation: string; argument: object }): unknown =>
  (globalThis as any).peer[operation](argument);

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
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
  });
}

/** The page that `launchChromium`'s pages are to load, as the answer of a listener for plain HTTP. */
export async function peerPage(): Promise<string> {
  return readFile(new URL("./chromium-page.html", import.meta.url), "utf8");
}

/** The WebSocket of a page in Chromium. */
export async function startChromium(): Promise<Peer & { readonly page: Page }> {
  const html = await peerPage();
  const pages = await serve(
    {
      port: 0,
      host: "127.0.0.1",
      http: (_request, response) => response.setHeader("Content-Type", "text/html").end(html),
    },
    () => undefined,
  );
  const browser = await launchChromium();
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${pages.port}/`);
  const ask = (operation: string, argument: object) => page.evaluate(act, { operation, argument });
  return {
    name: "Chromium",
    page,
    closeCodes: browserCodes,
    can: { headers: false, fragments: false, ping: false, empty: true, status: false },
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
