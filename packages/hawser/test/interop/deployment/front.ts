// nginx and HAProxy with the configurations of examples/deployment, each started in a folder and on ports of its own.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../../client/support/authority.ts";
import { root } from "../../docs/support.ts";
import { onFreePorts } from "../free-port.ts";

/** A proxy that runs. */
export interface Front {
  readonly port: number;
  readonly ws: string;
  readonly wss: string;
  /** What its certificate is signed with. */
  readonly ca: string;
  /** Gives it the same configuration with other members. */
  reload(members: Members): void;
  stop(): Promise<void>;
}

/** The addresses of the two applications behind a proxy, as its configuration has them. */
export type Members = readonly [one: string, two: string];

/** How a configuration is changed: what stands there, and what stands there instead. */
export type Changes = Readonly<Record<string, string>>;

/** A proxy with one of the configurations. */
export interface FrontKind {
  readonly name: string;
  /** The status of its answer where no application can be reached. */
  readonly unreachable: number;
  readonly isThere: boolean;
  /** How to get it. */
  readonly install: string;
  start(members: Members, changes?: Changes): Promise<Front>;
}

const NGINX = "/usr/sbin/nginx";
const HAPROXY = "/usr/sbin/haproxy";
const authority = new Authority();
const { key, cert } = authority.issue("DNS:localhost", "IP:127.0.0.1");

export const nginx: FrontKind = {
  name: "nginx",
  unreachable: 502,
  isThere: existsSync(NGINX),
  install: "apt-get install nginx",
  start: (members, changes = {}) =>
    start(nginxWith("nginx.conf"), members, { ...changes, "http {": `http {\n${temporaryFolders}` }),
};

export const nginxStream: FrontKind = {
  name: "nginx, the stream module",
  unreachable: 0,
  isThere: existsSync(NGINX) && existsSync("/usr/lib/nginx/modules/ngx_stream_module.so"),
  install: "apt-get install nginx libnginx-mod-stream",
  start: (members, changes = {}) => start(nginxWith("nginx-stream.conf"), members, changes),
};

export const haproxy: FrontKind = {
  name: "HAProxy",
  unreachable: 503,
  isThere: existsSync(HAPROXY),
  install: "apt-get install haproxy",
  start: (members, changes = {}) => start(haproxyWith("haproxy.cfg"), members, changes),
};

/** HAProxy with the PROXY protocol in one of its versions. */
export const haproxyTcp = (version: 1 | 2): FrontKind => ({
  name: `HAProxy, version ${version} of the PROXY protocol`,
  unreachable: 0,
  isThere: existsSync(HAPROXY),
  install: "apt-get install haproxy",
  start(members, changes = {}) {
    const older = version === 1 ? { "send-proxy-v2-ssl": "send-proxy" } : {};
    return start(haproxyWith("haproxy-proxy-protocol.cfg"), members, { ...changes, ...older });
  },
});

/** Where nginx may put what it cannot keep in memory: without root's rights not in Debian's folders. */
const temporaryFolders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((what) => `${what}_temp_path temp-${what};`)
  .join("\n");

/** What is to be run, and what its configuration says instead of Debian's places. */
interface Program {
  /** Of examples/deployment. */
  readonly file: string;
  readonly words: (folder: string) => readonly string[];
  readonly places: (folder: string, plain: number, secure: number) => Changes;
  /** Has it take its configuration anew. */
  readonly reload: NodeJS.Signals;
  /** Whether it would hear a signal: it listens before that. */
  readonly ready: (folder: string) => Promise<boolean>;
}

const nginxWith = (file: string): Program => ({
  file,
  words: (folder) => [NGINX, "-p", folder, "-c", join(folder, file), "-e", "stderr", "-g", "daemon off;"],
  places: (folder, plain, secure) => ({
    "/run/nginx.pid": join(folder, "pid"),
    "/var/log/nginx/": `${folder}/`,
    "/etc/ssl/private/example.org.pem": join(folder, "cert.pem"),
    "/etc/ssl/private/example.org.key": join(folder, "key.pem"),
    "listen 80;": `listen 127.0.0.1:${plain};`,
    "listen 443 ssl;": `listen 127.0.0.1:${secure} ssl;`,
  }),
  reload: "SIGHUP",
  ready: async (folder) => existsSync(join(folder, "pid")),
});

const haproxyWith = (file: string): Program => ({
  file,
  words: (folder) => [HAPROXY, "-W", "-S", join(folder, "master.sock"), "-f", join(folder, file)],
  places: (folder, plain, secure) => ({
    // More than that only root may have.
    "maxconn 50000": "maxconn 400",
    "/etc/haproxy/example.org.pem": join(folder, "both.pem"),
    "bind :80\n": `bind 127.0.0.1:${plain}\n`,
    "bind :443 ": `bind 127.0.0.1:${secure} `,
  }),
  reload: "SIGUSR2",
  ready: masterAnswers,
});

/** Asks the process that watches over HAProxy's workers for its version. */
function masterAnswers(folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(folder, "master.sock"));
    socket.on("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
    socket.write("show version\n");
  });
}

async function start(program: Program, members: Members, changes: Changes): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), "hawser-"));
  // The workers of nginx are not root.
  chmodSync(folder, 0o755);
  for (const [name, pem] of Object.entries({ key, cert, both: cert + key }))
    writeFileSync(join(folder, `${name}.pem`), pem, { mode: 0o600 });
  const text = readFileSync(join(root, "examples/deployment", program.file), "utf8");
  const configure = ([plain = 0, secure = 0]: readonly number[], [one, two]: Members) => {
    const places = program.places(folder, plain, secure);
    const addresses = { "127.0.0.1:8081": one, "127.0.0.1:8082": two };
    writeFileSync(join(folder, program.file), changed(text, { ...changes, ...places, ...addresses }));
    return program.words(folder);
  };
  const { ports, child, exited } = await onFreePorts(
    2,
    (free) => configure(free, members),
    () => program.ready(folder),
  );
  return {
    port: ports[0] ?? 0,
    ws: `ws://127.0.0.1:${ports[0]}`,
    wss: `wss://127.0.0.1:${ports[1]}`,
    ca: authority.cert,
    reload(others) {
      configure(ports, others);
      child.kill(program.reload);
    },
    async stop() {
      child.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

/** @throws Error for what does not stand there: the configuration would run unchanged, and nobody would notice */
function changed(text: string, changes: Changes): string {
  let result = text;
  for (const [from, to] of Object.entries(changes)) {
    if (!result.includes(from)) throw new Error(`there is no ${JSON.stringify(from)} in the configuration`);
    result = result.replaceAll(from, to);
  }
  return result;
}
