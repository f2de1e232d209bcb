// https_proxy, http_proxy, all_proxy and no_proxy, in all their forms.
import { connect } from "hawser";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { proxyFromEnvironment } from "../../src/client/proxy-environment.ts";
import { parseWebSocketUrl } from "../../src/handshake/url.ts";
import { reasonOf } from "./support/connecting.ts";

const names = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

beforeEach(() => {
  // Whatever the machine that runs this has set. Vitest puts it back.
  for (const name of names) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toUpperCase(), undefined);
  }
  return () => void vi.unstubAllEnvs();
});

function set(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

function chosen(url: string): string | undefined {
  return proxyFromEnvironment(parseWebSocketUrl(url))?.proxy;
}

describe("which variable", () => {
  const a = "http://a:1";
  const b = "http://b:2";

  test.each<readonly [variables: Record<string, string>, wss: string | undefined, ws: string | undefined]>([
    [{}, undefined, undefined],
    [{ https_proxy: a }, a, undefined],
    [{ http_proxy: a }, undefined, a],
    [{ https_proxy: a, http_proxy: b }, a, b],
    [{ all_proxy: a }, a, a],
    [{ all_proxy: a, https_proxy: b }, b, a],
    [{ HTTPS_PROXY: a }, a, undefined],
    [{ ALL_PROXY: a }, a, a],
    [{ https_proxy: a, HTTPS_PROXY: b }, a, undefined],
    [{ all_proxy: a, ALL_PROXY: b }, a, a],
    [{ https_proxy: "", HTTPS_PROXY: b }, b, undefined],
    [{ https_proxy: "", all_proxy: "" }, undefined, undefined],
    [{ https_proxy: "  ", http_proxy: ` ${a} ` }, undefined, a],
  ])("%o: %s for wss, %s for ws", (variables, wss, ws) => {
    set(variables);
    expect([chosen("wss://x.example/"), chosen("ws://x.example/")]).toEqual([wss, ws]);
  });

  test("not HTTP_PROXY: in a CGI program a client can set it by a header named Proxy", () => {
    set({ HTTP_PROXY: a });
    expect([chosen("wss://x.example/"), chosen("ws://x.example/")]).toEqual([undefined, undefined]);
  });

  test("without a scheme it is http", () => {
    set({ https_proxy: "proxy.example:3128", http_proxy: "ada:secret@proxy.example" });
    expect(chosen("wss://x.example/")).toBe("http://proxy.example:3128");
    expect(chosen("ws://x.example/")).toBe("http://ada:secret@proxy.example");
  });

  test("its name is known, for errors", () => {
    set({ ALL_PROXY: a });
    expect(proxyFromEnvironment(parseWebSocketUrl("ws://x.example/"))).toEqual({
      variable: "ALL_PROXY",
      proxy: a,
    });
  });
});

describe("no_proxy", () => {
  const proxy = "http://proxy:3128";

  test.each<readonly [exceptions: string, around: readonly string[], through: readonly string[]]>([
    ["", [], ["x.example"]],
    ["*", ["x.example", "10.1.2.3", "[::1]"], []],
    [
      "example.com",
      ["example.com", "www.example.com", "a.b.example.com"],
      ["notexample.com", "example.com.evil"],
    ],
    [".example.com", ["example.com", "www.example.com"], ["notexample.com"]],
    ["*.example.com", ["example.com", "www.example.com"], ["notexample.com"]],
    ["EXAMPLE.com", ["www.example.COM"], ["example.org"]],
    ["example.com.", ["example.com", "www.example.com."], ["com"]],
    ["a.example,b.example", ["a.example", "b.example"], ["c.example"]],
    [" a.example ,\tb.example , ,", ["a.example", "b.example"], ["c.example"]],
    ["a.example b.example", ["a.example", "b.example"], ["c.example"]],
    ["localhost", ["localhost", "localhost:8080"], ["127.0.0.1"]],
    [".", [], ["example.com", "example.com."]],
    ["example.com:8080", ["example.com:8080", "www.example.com:8080"], ["example.com", "example.com:81"]],
    ["example.com:80", ["example.com"], ["example.com:8080"]],
    ["10.1.2.3", ["10.1.2.3", "10.1.2.3:8080"], ["10.1.2.4", "110.1.2.3"]],
    ["10.1.2.3:81", ["10.1.2.3:81"], ["10.1.2.3"]],
    // An address is no name: its end says nothing.
    ["2.3", [], ["10.1.2.3"]],
    [".3", [], ["10.1.2.3"]],
    ["10.0.0.0/8", ["10.1.2.3"], ["11.1.2.3", "x.example", "[::a00:1]"]],
    ["192.168.1.0/24,10.0.0.0/8", ["192.168.1.77", "10.255.0.1"], ["192.168.2.1"]],
    ["0.0.0.0/0", ["10.1.2.3"], ["x.example", "[2001:db8::1]"]],
    ["10.0.0.0/33", [], ["10.0.0.0", "10.1.2.3"]],
    ["10.0.0.0/x", [], ["10.0.0.0"]],
    ["10.0.0.0/", [], ["10.0.0.0"]],
    ["::1", ["[::1]", "[::1]:8080"], ["[::2]"]],
    ["[::1]", ["[::1]", "[::1]:8080"], ["[::2]"]],
    ["[::1]:8080", ["[::1]:8080"], ["[::1]"]],
    ["0:0:0:0:0:0:0:1", ["[::1]"], ["[::2]"]],
    ["2001:DB8::/32", ["[2001:db8:1::5]"], ["[2001:db9::1]", "10.1.2.3"]],
    ["[::1", [], ["[::1]"]],
  ])("%j: around it for %j, through it for %j", (exceptions, around, through) => {
    set({ all_proxy: proxy, no_proxy: exceptions });
    for (const host of around) expect([host, chosen(`ws://${host}/`)]).toEqual([host, undefined]);
    for (const host of through) expect([host, chosen(`ws://${host}/`)]).toEqual([host, proxy]);
  });

  test("in upper case, and below the one in lower case", () => {
    set({ all_proxy: proxy, NO_PROXY: "a.example" });
    expect([chosen("ws://a.example"), chosen("ws://b.example")]).toEqual([undefined, proxy]);
    set({ no_proxy: "b.example" });
    expect([chosen("ws://a.example"), chosen("ws://b.example")]).toEqual([proxy, undefined]);
  });

  test("the port of a URL without one is that of its scheme", () => {
    set({ all_proxy: proxy, no_proxy: "a.example:443" });
    expect([chosen("wss://a.example/"), chosen("ws://a.example/")]).toEqual([undefined, proxy]);
  });
});

describe("what is there and cannot be used is told, and never gone around", () => {
  test.each([
    [
      { all_proxy: "socks5://ada:secret@proxy:1080" },
      'all_proxy, in the environment, is the string "socks5://***@proxy:1080", and by URL there are http and https; for SOCKS give an agent, as new SocksProxyAgent(url) of socks-proxy-agent',
    ],
    [
      { http_proxy: "http://ada:secret@:3128" },
      'http_proxy, in the environment, must be a URL, as "http://proxy:3128", not the string "http://***@:3128"',
    ],
  ])("%o", async (variables, message) => {
    set(variables);
    const error = await reasonOf(connect("ws://x.example/", { proxy: "environment" }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message });
  });
});
