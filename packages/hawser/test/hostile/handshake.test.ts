// Hostile handshakes over real sockets: one request and one answer, by every way in.
import { describe, expect, test } from "vitest";
import { Guard, reportOf } from "../serve/support/guard.ts";
import { plainRequest, request, requestFor } from "../serve/support/requests.ts";
import { type Host, ways } from "../serve/support/ways-in.ts";
import { masked } from "../support/frames.ts";
import { type Row, rows } from "./handshake-rows.ts";

const guard = new Guard();

/** Refused: an answer that closes the connection, a FIN behind it, and not a byte more. */
async function expectRefused(host: Host, { bytes, status, headers = {}, node }: Row, behindNode: boolean) {
  const peer = await guard.peer(host.target, bytes);
  const answer = await peer.answer();
  if (behindNode && node !== undefined) {
    expect(answer.status).toBe(node);
    expect(answer.body).toBe(node === 404 ? "plain" : "");
    return;
  }
  expect(answer).toMatchObject({ status, headers });
  expect(answer.headers["connection"]).toMatch(/^close\b/);
  expect(answer.headers["content-length"]).toBe(String(Buffer.byteLength(answer.body)));
  expect(answer.body).not.toBe("");
  expect(await peer.over()).toBe("fin");
  expect(peer.text).toBe("");
  await peer.hangUp();
}

async function expectAccepted(host: Host, bytes: Uint8Array) {
  const peer = await guard.peer(host.target, bytes);
  await peer.opened();
  await peer.echo("hello");
}

describe.each(["serve", "acceptStream", "upgrade"] as const)("by %s", (name) => {
  const way = ways[name];

  test.each(rows)("$row: $what is answered $status", async (row) => {
    const host = await guard.host(way);
    if (row.status === 101) await expectAccepted(host, row.bytes);
    else await expectRefused(host, row, name === "upgrade");
    expect([host.faults, host.reports]).toEqual([[], []]);
  });

  test("H29: the Host is that of a target in absolute form, for the check of Origin too", async () => {
    const hosts: string[] = [];
    const host = await guard.host(way, { decide: (asked) => void hosts.push(asked.host) });
    const headers = { Host: "elsewhere.example", Origin: "http://own.example" };
    await expectAccepted(host, request({ line: "GET http://own.example/chat HTTP/1.1", headers }));
    expect(hosts).toEqual(["own.example"]);
    const foreign = request({
      line: "GET http://own.example/chat HTTP/1.1",
      headers: { ...headers, Origin: "http://elsewhere.example" },
    });
    const peer = await guard.peer(host.target, foreign);
    expect(await peer.answer()).toMatchObject({ status: 403 });
    guard.takeStderr();
  });

  test("H33: a strange target comes to the application as it is", async () => {
    const targets: string[] = [];
    const host = await guard.host(way, { decide: (asked) => void targets.push(asked.target, asked.path) });
    await expectAccepted(host, requestFor("//evil.example/../%00?a=%zz&b"));
    expect(targets).toEqual(["//evil.example/../%00?a=%zz&b", "//evil.example/../%00"]);
  });

  test("H36: 200 clients that send their head a byte at a time disturb nobody", async () => {
    const host = await guard.host(way);
    const slow = await Promise.all(
      Array.from({ length: 200 }, () => guard.peer(host.target, request().subarray(0, 20))),
    );
    for (let at = 20; at < 25; at += 1) for (const peer of slow) peer.write(request().subarray(at, at + 1));
    await expectAccepted(host, request());
    for (const peer of slow) peer.write(request().subarray(25));
    await Promise.all(slow.map((peer) => peer.opened()));
  });

  test("H38: an early frame is answered behind the 101, in order", async () => {
    const host = await guard.host(way, { decide: async () => undefined });
    const peer = await guard.peer(host.target, request(), masked.text("one"), masked.text("two"));
    await peer.opened();
    expect([await peer.message(), await peer.message()]).toEqual(["one", "two"]);
  });

  test("H38: early frames of more than the inbox holds are delivered, every one", async () => {
    const host = await guard.host(way, { limits: { inbox: 1024 }, decide: async () => undefined });
    const early = Array.from({ length: 300 }, (_, index) => masked.text(`message ${index}`));
    const peer = await guard.peer(host.target, request(), ...early);
    await peer.opened();
    const frames = await peer.frames(300);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(
      early.map((_, index) => `message ${index}`),
    );
  });

  test("H39: an early ping is answered behind the 101", async () => {
    const host = await guard.host(way);
    const peer = await guard.peer(host.target, request(), masked.ping("early"));
    await peer.opened();
    expect(await peer.frames()).toMatchObject([{ opcode: 10, payload: Buffer.from("early") }]);
  });

  test("H40: an early frame that is bad gets 101, then 1002", async () => {
    const host = await guard.host(way);
    const peer = await guard.peer(host.target, request(), masked.text("x", { rsv: 0x40 }));
    await peer.opened();
    expect(await peer.closeCode()).toBe(1002);
    await peer.hangUp();
    expect(await reportOf(host)).toMatchObject({ code: 1002, cause: "protocol", clean: false });
  });

  test("H41: a second request behind the first is taken for frames", async () => {
    const host = await guard.host(way);
    const peer = await guard.peer(host.target, request(), plainRequest("/admin"));
    await peer.opened();
    expect(await peer.closeCode()).toBe(1002);
  });

  test.each([
    ["H42: empty members among the offered subprotocols are ignored", "a,,b , ,c", ["a", "b", "c"]],
    [
      "H46: nothing that is named as a property of objects is mistaken for one",
      "__proto__, constructor",
      ["__proto__", "constructor"],
    ],
  ])("%s", async (_title, offer, offered) => {
    const seen: unknown[] = [];
    const host = await guard.host(way, {
      decide: ({ subprotocols, cookies }) => {
        seen.push(subprotocols, Object.keys(cookies));
        return { subprotocol: subprotocols[0] };
      },
    });
    const headers = { "Sec-WebSocket-Protocol": offer, Cookie: "__proto__=1; constructor=2" };
    const peer = await guard.peer(host.target, request({ headers }));
    expect((await peer.opened()).headers["sec-websocket-protocol"]).toBe(offered[0]);
    expect(seen).toEqual([offered, ["__proto__", "constructor"]]);
  });

  test("H44, H45: fifty heads that are hard to parse cost no more than others", async () => {
    const host = await guard.host(way);
    const hard = rows.filter(({ row }) => row === "H44" || row === "H45");
    const start = performance.now();
    for (let round = 0; round < 25; round += 1) {
      const peers = await Promise.all(hard.map(({ bytes }) => guard.peer(host.target, bytes)));
      for (const peer of peers) expect((await peer.answer()).status).toBe(400);
      await Promise.all(peers.map((peer) => peer.hangUp()));
    }
    // Connections and all; what is quadratic takes seconds.
    expect(performance.now() - start).toBeLessThan(2500);
  });
});
