// Hostile handshakes over real sockets: one request, one answer, by every way in.
import { describe, expect, test } from "vitest";
import { Guard } from "../serve/support/guard.ts";
import type { Peer } from "../serve/support/peer.ts";
import { ACCEPT } from "../serve/support/requests.ts";
import { ways } from "../serve/support/ways-in.ts";
import { rows } from "./handshake-rows.ts";

const guard = new Guard();

test("probe", async () => {
  const lines: string[] = [];
  for (const way of ["serve", "acceptStream", "upgrade"] as const) {
    const host = await guard.host(ways[way]);
    for (const row of rows) {
      const peer = await guard.peer(host.target, row.bytes);
      let got = "nothing";
      await Promise.race([
        peer.answer().then((answer) => { got = `${answer.status} ${JSON.stringify(answer.headers)} ${answer.body}`; }, (e) => { got = String(e); }),
        new Promise((r) => setTimeout(r, 1000)),
      ]);
      if (!got.startsWith(String(row.status)) || way==="upgrade") lines.push(`${way} ${row.row} ${row.what}: ${row.status} got ${got.slice(0, 300)}`);
    }
  }
  (await import("node:fs")).writeFileSync("/tmp/probe.txt", lines.join("\n"));
}, 100000);
