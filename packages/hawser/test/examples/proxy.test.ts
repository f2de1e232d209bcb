// examples/proxy.ts
import { once } from "node:events";
import { Server as ProxyServer } from "proxy-chain";
import { expect, onTestFinished, test } from "vitest";
import { start } from "../../../../examples/meow.ts";
import { visit } from "../../../../examples/proxy.ts";

const both = "滴水之恩当以涌泉相报 / 滴水之恩当以涌泉相报, MEOW!";

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
  expect(await visit(await meow(), url)).toBe(both);
  expect(server.stats.connectRequestCount).toBe(1);
});

test("a proxy that wants a name and a password", async () => {
  const { url } = await proxyFor(false);
  expect(await visit(await meow(), url)).toContain("the proxy wants to know who you are");
  expect(await visit(await meow(), url.replace("//", "//ada:any@"))).toBe(both);
});

test("a proxy that is not there", async () => {
  const { url, server } = await proxyFor(true);
  const gone = once(server.server, "close");
  await server.close(true);
  await gone.catch(() => undefined);
  expect(await visit("ws://a.example/", url)).toMatch(
    /^the proxy .* gave no tunnel to a\.example:80: .*ECONNREFUSED/,
  );
});
