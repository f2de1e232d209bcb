// Sets up what the interoperability tests need from the operating system: Chromium, WebSockets of other languages, proxies, openssl.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";

const runs = (command, ...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

const peers = [
  { package: "chromium", present: () => existsSync("/usr/bin/chromium") },
  // By path: another python3 on the PATH does not see Debian's modules.
  { package: "python3-websockets", present: () => runs("/usr/bin/python3", "-c", "import websockets") },
  { package: "ruby-em-websocket", present: () => runs("/usr/bin/ruby", "-e", 'require "em-websocket"') },
  {
    package: "libprotocol-websocket-perl",
    present: () => runs("/usr/bin/perl", "-e", "use Protocol::WebSocket"),
  },
  { package: "tinyproxy", present: () => existsSync("/usr/bin/tinyproxy"), service: "tinyproxy" },
  { package: "microsocks", present: () => existsSync("/usr/bin/microsocks") },
  { package: "nginx", present: () => existsSync("/usr/sbin/nginx"), service: "nginx" },
  {
    package: "libnginx-mod-stream",
    present: () => existsSync("/usr/lib/nginx/modules/ngx_stream_module.so"),
  },
  { package: "haproxy", present: () => existsSync("/usr/sbin/haproxy"), service: "haproxy" },
  { package: "openssl", present: () => runs("openssl", "version") },
];
const missing = () => peers.filter((peer) => !peer.present());

const aptGet = (...args) => {
  const { status, stdout, stderr } = spawnSync("apt-get", ["-qq", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    encoding: "utf8",
  });
  if (status !== 0) console.error(`apt-get ${args.join(" ")} failed:\n${stdout ?? ""}${stderr ?? ""}`);
  return status === 0;
};

/** What Debian asks before it starts a service: 101 is no (invoke-rc.d(8)). */
const policy = "/usr/sbin/policy-rc.d";

/** Installs packages. Their services do not start, now or with the machine: a test starts what it needs, on a port of its own. */
function install(wanted) {
  const packages = wanted.map((peer) => peer.package);
  console.log(`installing ${packages.join(", ")}`);
  if (!aptGet("update")) return;
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    aptGet("install", "-y", "--no-install-recommends", ...packages);
  } finally {
    if (ours) rmSync(policy);
  }
  for (const { service } of wanted) if (service !== undefined) runs("update-rc.d", service, "disable");
}

let wanted = missing();
const mayInstall = process.platform === "linux" && process.getuid?.() === 0 && runs("apt-get", "--version");
if (wanted.length > 0 && mayInstall) {
  install(wanted);
  wanted = missing();
}

if (wanted.length > 0) {
  const packages = wanted.map((peer) => peer.package);
  console.log(
    `Missing: ${packages.join(", ")}. On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${packages.join(" ")}`,
  );
  if (process.env.HAWSER_REQUIRE_PEERS === "1") process.exit(1);
  console.log("Tests that need them are skipped.");
}
