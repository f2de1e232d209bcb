// What only a browser does: pages have an origin, and go away.
import type { CloseReport } from "hawser";
import { type Server, serve } from "hawser";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Mailbox } from "../support/mailbox.ts";
import { chromium, launchChromium, launchKillable, pageListener } from "./chromium-peer.ts";

describe.skipIf(!chromium.isThere)(`Chromium (${chromium.install})`, () => {
  let browser: Browser;
  let server: Server;
  let other: Server;
  const reports = new Mailbox<CloseReport>();
  beforeAll(async () => {
    browser = await launchChromium();
    const http = await pageListener();
    const start = () =>
      serve({ port: 0, host: "127.0.0.1", http }, async (ws) => {
        void ws.closed.then((report) => reports.put(report));
        for await (const message of ws) ws.send(message);
      });
    server = await start();
    other = await start();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await other?.close();
  });

  /** A page of `server` with a connection to it. */
  const connected = async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    await page.evaluate((url) => (globalThis as any).peer.connect({ url }), server.url);
    return page;
  };

  test("a page of the server's own may connect, one of another server may not", async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    const connect = (url: string) =>
      page.evaluate((to) => (globalThis as any).peer.connect({ url: to }), url);
    expect(await connect(server.url)).toMatchObject({ subprotocol: "" });
    const refused = other.stats().refused;
    expect(await connect(other.url)).toEqual({ refused: null });
    expect(other.stats().refused).toBe(refused + 1);
    await page.close();
    await reports.take();
  });

  test("a page that is left says 1001", async () => {
    const page = await connected();
    await page.goto("about:blank");
    expect(await reports.take()).toMatchObject({ code: 1001, clean: true, initiator: "peer" });
    await page.close();
  });

  test("so does one that is closed", async () => {
    const page = await connected();
    await page.close();
    expect(await reports.take()).toMatchObject({ code: 1001, clean: true, initiator: "peer" });
  });

  test("and even one that crashes: the browser says it for the page", async () => {
    const page = await connected();
    const crashed = page.waitForEvent("crash");
    page.goto("chrome://crash").catch(() => undefined);
    await crashed;
    expect(await reports.take()).toMatchObject({ code: 1001, clean: true, initiator: "peer" });
  });

  test("a browser that is killed is lost", async () => {
    const { browser, kill } = await launchKillable();
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    await page.evaluate((url) => (globalThis as any).peer.connect({ url }), server.url);
    await kill();
    expect(await reports.take()).toMatchObject({ code: 1006, clean: false, cause: "lost" });
  });
});
