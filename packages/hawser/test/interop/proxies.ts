// Proxies that others have made, each in a way to start it: two for CONNECT, two for SOCKS5.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createSocksServer } from "@pondwader/socks5-server";
import { Server as ProxyChain } from "proxy-chain";
import { onFreePorts } from "./free-port.ts";

/** Whom a proxy lets through. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** A proxy that runs, on 127.0.0.1. */
export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** A kind of proxy. */
export interface ProxyKind {
  readonly name: string;
  readonly speaks: "http" | "socks5";
  readonly isThere: boolean;
  /** How to get it. */
  readonly install: string;
  /** @param login default: everybody may use it */
  start(login?: Login): Promise<RunningProxy>;
}

const proxyChain: ProxyKind = {
  name: "proxy-chain",
  speaks: "http",
  isThere: true,
  install: "npm install",
  async start(login) {
    const server = new ProxyChain({
      port: 0,
      host: "127.0.0.1",
      prepareRequestFunction: ({ username, password }) => ({
        requestAuthentication:
          login !== undefined && (username !== login.username || password !== login.password),
      }),
    });
    await server.listen();
    return { port: server.port, stop: () => server.close(true) };
  },
};

const socksServer: ProxyKind = {
  name: "@pondwader/socks5-server",
  speaks: "socks5",
  isThere: true,
  install: "npm install",
  async start(login) {
    const started = createSocksServer(login && { auth: { ...login } });
    await new Promise<void>((resolve) => void started.listen(0, "127.0.0.1", () => resolve()));
    const { server } = started as unknown as { server: NetServer };
    const { port } = server.address() as AddressInfo;
    return { port, stop: () => new Promise((resolve) => void started.close(() => resolve())) };
  },
};

const tinyproxy: ProxyKind = {
  name: "tinyproxy",
  speaks: "http",
  isThere: existsSync("/usr/bin/tinyproxy"),
  install: "apt-get install tinyproxy",
  async start(login) {
    const folder = mkdtempSync(join(tmpdir(), "hawser-"));
    const file = join(folder, "tinyproxy.conf");
    const running = await onFreePort((port) => {
      const lines = [
        `Port ${port}`,
        "Listen 127.0.0.1",
        "Allow 127.0.0.1",
        "Timeout 60",
        "LogLevel Critical",
      ];
      if (login) lines.push(`BasicAuth ${login.username} ${login.password}`);
      writeFileSync(file, `${lines.join("\n")}\n`);
      return ["/usr/bin/tinyproxy", "-d", "-c", file];
    });
    return {
      port: running.port,
      async stop() {
        await running.stop();
        rmSync(folder, { recursive: true });
      },
    };
  },
};

const microsocks: ProxyKind = {
  name: "microsocks",
  speaks: "socks5",
  isThere: existsSync("/usr/bin/microsocks"),
  install: "apt-get install microsocks",
  start: (login) =>
    onFreePort((port) => {
      const words = ["/usr/bin/microsocks", "-i", "127.0.0.1", "-p", String(port)];
      return login ? [...words, "-u", login.username, "-P", login.password] : words;
    }),
};

export const proxyKinds: readonly ProxyKind[] = [proxyChain, tinyproxy, socksServer, microsocks];

/** Starts a program that must be told its port. */
async function onFreePort(wordsFor: (port: number) => readonly string[]): Promise<RunningProxy> {
  const { ports, child, exited } = await onFreePorts(1, ([port = 0]) => wordsFor(port));
  return {
    port: ports[0] ?? 0,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
