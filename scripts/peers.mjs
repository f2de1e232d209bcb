// Sets up what the interoperability tests need from the operating system: Chromium, WebSockets of other languages, proxies, openssl.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
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
  { package: "tinyproxy", present: () => existsSync("/usr/bin/tinyproxy") },
  { package: "microsocks", present: () => existsSync("/usr/bin/microsocks") },
  { package: "openssl", present: () => runs("openssl", "version") },
];
const missing = () => peers.filter((peer) => !peer.present()).map((peer) => peer.package);

const aptGet = (...args) => {
  const { status, stdout, stderr } = spawnSync("apt-get", ["-qq", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    encoding: "utf8",
  });
  if (status !== 0) console.error(`apt-get ${args.join(" ")} failed:\n${stdout ?? ""}${stderr ?? ""}`);
  return status === 0;
};

let wanted = missing();
const mayInstall = process.platform === "linux" && process.getuid?.() === 0 && runs("apt-get", "--version");
if (wanted.length > 0 && mayInstall) {
  console.log(`installing ${wanted.join(", ")}`);
  if (aptGet("update")) aptGet("install", "-y", "--no-install-recommends", ...wanted);
  wanted = missing();
}

if (wanted.length > 0) {
  console.log(
    `Missing: ${wanted.join(", ")}. On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${wanted.join(" ")}`,
  );
  if (process.env.HAWSER_REQUIRE_PEERS === "1") process.exit(1);
  console.log("Tests that need them are skipped.");
}
