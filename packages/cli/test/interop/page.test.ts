// The demo's page in Chromium, as a person uses it.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningDemo, startDemo } from "../support/program.ts";

const executablePath = "/usr/bin/chromium";
const missing = !existsSync(executablePath);
if (missing) console.warn("Chromium is missing: sudo apt-get install --no-install-recommends chromium");

/** For one thing to happen on the page, in milliseconds: less than a test has, so that a failure says what did not. */
const PATIENCE = 30_000;

let browser: Browser;
let demo: RunningDemo;
let page: Page;
/** What the browser complained of: errors, warnings, violations of the page's policy, all in its console. */
let complaints: string[];

beforeAll(async () => {
  if (missing) return;
  browser = await chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

afterAll(() => browser?.close());

beforeEach(async () => {
  if (missing) return;
  demo = await startDemo();
  page = await newPage();
});

afterEach(async () => {
  if (missing) return;
  await page.context().close();
  expect(complaints).toEqual([]);
});

/** Drops a file that is made in the page: to send a large one there from here takes long. */
async function drop(name: string, content: string): Promise<void> {
  const dataTransfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([${content}], "${name}"));
    return transfer;
  })()`);
  await page.dispatchEvent("#log", "drop", { dataTransfer });
}

async function newPage(size = { width: 1280, height: 800 }): Promise<Page> {
  complaints = [];
  const context = await browser.newContext({ viewport: size });
  const opened = await context.newPage();
  opened.setDefaultTimeout(PATIENCE);
  opened.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  opened.on("pageerror", (error) => complaints.push(error.message));
  await opened.goto(demo.url);
  return opened;
}

const button = (name: string) => page.getByRole("button", { name, exact: true });
const status = () => page.locator("#status");
const message = () => page.getByLabel("Message", { exact: true });
const figure = (name: string) => page.locator("#figures div").filter({ hasText: name }).locator("dd");
const received = (text: string | RegExp) => page.locator("#log .received").filter({ hasText: text });
const sent = (text: string | RegExp) => page.locator("#log .sent").filter({ hasText: text });

/** Chooses an endpoint and connects. Resolves when messages can be written. */
async function connectTo(endpoint: string, room?: string): Promise<void> {
  await page.getByRole("radio", { name: endpoint }).check();
  if (room !== undefined) await page.getByRole("textbox", { name: "Room" }).fill(room);
  await page.getByRole("button", { name: /^(Re)?[cC]onnect$/ }).click();
  await message().and(page.locator(":enabled")).waitFor();
}

async function say(text: string): Promise<void> {
  await message().fill(text);
  await message().press("Enter");
}

async function saved(link: Locator): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const stream = await download.createReadStream();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** A MiB in which no part is like another. */
function largeFile(): Buffer {
  const file = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < file.length; at += 4) file.writeUInt32LE(at ^ 0x5eed, at);
  return file;
}

describe.skipIf(missing)("the page", () => {
  test("on Echo: text and a file of 1 MiB come back, and the round trip is shown", async () => {
    await connectTo("Echo");
    expect(await status().textContent()).toBe(`Connected to ${demo.ws}/echo`);
    await say("ahoy, 猫");
    await received("ahoy, 猫").waitFor();
    expect(await sent("ahoy").textContent()).toMatch(/\d\d:\d\d:\d\d ↑ sent · text · 9 B/);
    expect(await received("ahoy").textContent()).toMatch(/↓ received · text · 9 B · back after \d+\.\d ms/);
    expect(await figure("Round trip").textContent()).toMatch(/^\d+\.\d ms$/);
    const roundTrip = await figure("Round trip").textContent();

    const file = largeFile();
    const payload = { name: "large.bin", mimeType: "application/octet-stream", buffer: file };
    await page.getByLabel(/^Send files/).setInputFiles(payload);
    const link = page.getByRole("link", { name: "Save large.bin" });
    await link.waitFor();
    expect(await sent("large.bin").textContent()).toMatch(/↑ sent · binary · 1\.00 MiB/);
    expect(file.equals(await saved(link))).toBe(true);
    // A large message measures the transfer: it is not taken for a round trip.
    expect(await figure("Round trip").textContent()).toBe(roundTrip);
    await figure("Waiting to be sent").filter({ hasText: /^0 B$/ }).waitFor();
  });

  test("a file that is dropped is sent, and Shift+Enter makes a line", async () => {
    await connectTo("Echo");
    await drop("drop.txt", '"dropped"');
    expect((await saved(page.getByRole("link", { name: "Save drop.txt" }))).toString()).toBe("dropped");

    await message().pressSequentially("one");
    await message().press("Shift+Enter");
    await message().pressSequentially("two");
    await message().press("Enter");
    await received("one\ntwo").waitFor();
    expect(await message().inputValue()).toBe("");
  });

  test("what waits to be sent is shown while a large file goes out", async () => {
    await connectTo("Echo");
    await page.evaluate(`new MutationObserver((changes) => {
      for (const { target } of changes) (window.amounts ??= []).push(target.textContent);
    }).observe(document.getElementById("buffered"), { childList: true })`);
    await drop("larger.bin", "new Uint8Array(12 * 1024 * 1024)");
    await page.getByRole("link", { name: "Save larger.bin" }).waitFor();
    const amounts = await page.evaluate<string[]>("window.amounts");
    expect(amounts.some((amount) => /MiB$/.test(amount))).toBe(true);
    await figure("Waiting to be sent").filter({ hasText: /^0 B$/ }).waitFor();
  });

  test("in a chat room one reads what others write, and where they are", async () => {
    await connectTo("Chat", "crows nest");
    await received(/guest \d+ came in, 1 here/).waitFor();
    const other = await page.context().newPage();
    await other.goto(demo.url);
    await other.getByRole("radio", { name: "Chat" }).check();
    await other.getByRole("textbox", { name: "Room" }).fill("crows nest");
    await other.getByRole("textbox", { name: "Room" }).press("Enter");
    await received(/came in, 2 here/).waitFor();
    await say("land <b>ho</b>!");
    for (const reader of [page, other]) {
      await reader
        .locator("#log .received")
        .filter({ hasText: /guest \d+: land <b>ho<\/b>!/ })
        .waitFor();
    }
    await other.close();
    await received(/left, 1 here/).waitFor();
    expect(await figure("Round trip").textContent()).toBe("on Echo only");
  });

  test("a room that has no such name is not asked for", async () => {
    await page.getByRole("radio", { name: "Chat" }).check();
    for (const name of ["", "<b>", ".."]) {
      await page.getByRole("textbox", { name: "Room" }).fill(name);
      await button("Connect").click();
      expect(await page.locator("#room:invalid").count(), name).toBe(1);
    }
    expect(await status().textContent()).toBe("Not connected");
  });

  test("Meow greets, answers text, and ends the connection over a file", async () => {
    await connectTo("Meow");
    await received("滴水之恩当以涌泉相报").waitFor();
    await say("fish");
    await received("fish, MEOW!").waitFor();
    const payload = { name: "fish.bin", mimeType: "application/octet-stream", buffer: largeFile() };
    await page.getByLabel(/^Send files/).setInputFiles(payload);
    const end = page.locator("#end");
    await end.filter({ hasText: "Closed by the server with 1003" }).waitFor();
    // Whether it is a clean end depends on how far the browser had come with the file.
    expect(await end.textContent()).toMatch(/a kind of message that is not taken here\.Reason: .*only text/);
  });

  test("closes with code and reason, says so in words, and connects again", async () => {
    await connectTo("Echo");
    await page.getByLabel("Code").fill("4001");
    await page.getByLabel("Reason").fill("that was all");
    await button("Close").click();
    const end = page.locator("#end");
    await end.filter({ hasText: "Closed by this page with 4001" }).waitFor();
    expect(await end.textContent()).toMatch(
      /a code of the application’s own\.Reason: that was allClean: both ends/,
    );
    expect(await status().textContent()).toBe("Not connected");
    await demo.program.printed(/#1 closed by the peer with 4001 "that was all"/);

    await button("Reconnect").press("Enter");
    await received("again")
      .or(message().and(page.locator(":enabled")))
      .waitFor();
    expect(await end.textContent()).toBe("");
    await say("again");
    await received("again").waitFor();
    await page.getByLabel("Code").fill("");
    await button("Close").click();
    await end.filter({ hasText: "with 1005: no code was given." }).waitFor();
  });

  test("a code that a page may not send is refused with words, and the connection stays", async () => {
    await connectTo("Echo");
    await page.getByLabel("Code").fill("1001");
    await button("Close").click();
    await page.locator("#log .note").filter({ hasText: "not closed: " }).waitFor();
    await say("still here");
    await received("still here").waitFor();
  });

  test("says when the server goes away, and that it cannot be reached then", async () => {
    await connectTo("Echo");
    demo.program.signal("SIGTERM");
    const end = page.locator("#end");
    await end.filter({ hasText: "Closed by the server with 1001: going away" }).waitFor();
    expect(await end.textContent()).toMatch(/Clean: both ends/);
    expect(await demo.program.ended).toEqual({ code: 0, signal: null });
    expect(await page.evaluate<string>("document.activeElement.id")).toBe("connect");

    await button("Reconnect").click();
    await end.filter({ hasText: "Not connected: 1006" }).waitFor();
    expect(await end.textContent()).toMatch(/Not clean/);
    // The browser itself reports a connection that is refused; nothing else may complain.
    expect(complaints.splice(0)).toEqual([expect.stringMatching(/WebSocket connection to .* failed/)]);
  });

  test("keeps the last 500 lines", async () => {
    await connectTo("Echo");
    await page.evaluate(`for (let n = 1; n <= 300; n++) {
      document.getElementById("text").value = "line " + n;
      document.getElementById("send").click();
    }`);
    await received(/line 300$/).waitFor();
    expect(await page.locator("#log > div").count()).toBe(500);
    // It shows its end.
    expect(await received(/line 300$/).isVisible()).toBe(true);
    const below = `(({ scrollHeight, scrollTop, clientHeight }) =>
      scrollHeight - scrollTop - clientHeight)(document.getElementById("log"))`;
    expect(await page.evaluate<number>(below)).toBeLessThan(2);
  });

  test("fits the width of a phone, and every control has a name", async () => {
    await page.context().close();
    page = await newPage({ width: 360, height: 740 });
    await page.getByRole("radio", { name: "Chat" }).check();
    const widths = await page.evaluate<number[]>(
      "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
    );
    expect(widths[0]).toBe(widths[1]);
    const unnamed = await page.evaluate<string[]>(`[...document.querySelectorAll("input, textarea")]
      .filter((field) => field.labels.length === 0).map((field) => field.id)`);
    expect(unnamed).toEqual([]);
  });
});
