// examples/counter-pool.ts
import { connect } from "hawser";
import { expect, onTestFinished, test } from "vitest";
import { runExample } from "./program.ts";

test("four processes count for eight connections, and a signal ends them", async () => {
  const { child, url, lines, exit } = await runExample("counter-pool.ts");
  const clients = await Promise.all(
    Array.from({ length: 8 }, () => connect(url.replace("[::1]", "localhost"), { accepts: "text" })),
  );
  onTestFinished(async () => void (await Promise.all(clients.map((ws) => ws.terminate()))));
  const processes = new Map<string, number>();
  for (const ws of clients) {
    ws.send("one");
    ws.send("two");
    const [first = "", second = ""] = [await ws.receive(), await ws.receive()];
    const pid = / in process (\d+)$/.exec(first)?.[1] ?? "";
    expect([first, second]).toEqual([
      `one is number 1 in process ${pid}`,
      `two is number 2 in process ${pid}`,
    ]);
    processes.set(pid, (processes.get(pid) ?? 0) + 1);
  }
  expect([...processes.values()]).toEqual([2, 2, 2, 2]);

  const [first, second] = clients;
  first?.send("bye");
  expect(await first?.receive()).toBe("that was 2");
  expect((await first?.closed)?.code).toBe(1000);
  child.kill("SIGTERM");
  expect((await second?.closed)?.code).toBe(1001);
  expect(await exit).toBe(0);
  expect(lines.at(-1)).toBe("closed");
});
