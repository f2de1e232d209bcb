// examples/proxy.ts
import { once } from "node:events";
import { Server as ProxyServer } from "proxy-chain";
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/meow.ts";
import { ask } from "../../../../examples/proxy.ts";

/** A proxy that lets everybody through, or only ada. */
async function proxyFor(everybody: boolean): Promise<{ url: string; server: ProxyServer }> {
  const prepareRequestFunction = ({ username }: { username: string }) => ({
    requestAuthentication: !everybody && username !== "ada",
  });
  const server = new ProxyServer({ port: 0, host: "127.0.0.1", prepareRequestFunction });
  await server.listen();
  onTestFinished(() => server.close(true));
  return { url: `http://127.0.0.1:${server.port}`, server };
}

async function meow(): Promise<string> {
  const server = await start(0);
  onTestFinished(async () => void (await server.close()));
  return server.url;
}

test("the answer comes through the proxy", async () => {
  const { url, server } = await proxyFor(true);
  expect(await ask(await meow(), url, "滴水之恩当以涌泉相报")).toBe("滴水之恩当以涌泉相报, MEOW!");
  expect(server.stats.connectRequestCount).toBe(1);
});

test("a proxy that wants a name and a password", async () => {
  const { url } = await proxyFor(false);
  expect(await ask(await meow(), url, "hello")).toContain("the proxy wants to know who you are");
  expect(await ask(await meow(), url.replace("//", "//ada:any@"), "hello")).toBe("hello, MEOW!");
});

test("a proxy that is not there", async () => {
  const { url, server } = await proxyFor(true);
  const gone = once(server.server, "close");
  await server.close(true);
  await gone.catch(() => undefined);
  expect(await ask("ws://a.example/", url, "hello")).toMatch(
    /^the proxy .* gave no tunnel to a\.example:80: .*ECONNREFUSED/,
  );
});
