// The inbox by itself: who gets what, in which order, while who is busy.
import { describe, expect, test } from "vitest";
import type { Item, Waiter } from "../../src/connection/inbox.ts";
import { Inbox } from "../../src/connection/inbox.ts";
import { deferred, turns } from "./support.ts";

function inbox(mark = 1000) {
  const owner = {
    blocked: false,
    rooms: 0,
    room() {
      owner.rooms += 1;
    },
  };
  return { owner, box: new Inbox(owner, mark) };
}

/** Takes what comes; a promise, if there is one for it. */
function consumer(pending: (item: Item) => Promise<void> | undefined = () => undefined) {
  const heard: unknown[] = [];
  return {
    heard,
    take(item: Item) {
      heard.push(item);
      return pending(item);
    },
    finished: () => void heard.push("finished"),
  };
}

function waiter(arrived: (item: Item | undefined) => void): Waiter {
  return { arrived };
}

describe("settled", () => {
  test("when nothing waits, and who took the last has come back for more", () => {
    const { box } = inbox();
    expect(box.settled).toBe(true);
    box.deliver("a");
    expect(box.settled).toBe(false);
    box.take();
    expect(box.settled).toBe(false);
    box.wait(waiter(() => {}));
    expect(box.settled).toBe(true);
    box.deliver("b");
    expect(box.settled).toBe(false);
    box.wait(waiter(() => {}));
    expect(box.settled).toBe(true);
  });

  test("not while the consumer is busy", async () => {
    const { box } = inbox();
    const { promise, resolve } = deferred();
    box.claim(consumer(() => promise));
    box.begin();
    box.deliver("a");
    expect(box.settled).toBe(false);
    resolve();
    await turns(1);
    expect(box.settled).toBe(true);
  });
});

describe("take and wait", () => {
  test("in order, however many", () => {
    const { box } = inbox(1e9);
    for (let index = 0; index < 1000; index += 1) box.deliver(String(index));
    for (let index = 0; index < 700; index += 1) expect(box.take()).toBe(String(index));
    for (let index = 1000; index < 1300; index += 1) box.deliver(String(index));
    for (let index = 700; index < 1300; index += 1) expect(box.take()).toBe(String(index));
    expect(box.take()).toBeUndefined();
  });

  test("who waits goes first, and only once", () => {
    const { box } = inbox();
    const heard: unknown[] = [];
    box.wait(waiter((item) => heard.push(["a", item])));
    const b = waiter((item) => heard.push(["b", item]));
    box.wait(b);
    box.wait(waiter((item) => heard.push(["c", item])));
    box.stopWaiting(b);
    box.stopWaiting(b);
    for (const item of ["1", "2", "3"]) box.deliver(item);
    expect(heard).toEqual([
      ["a", "1"],
      ["c", "2"],
    ]);
    expect(box.take()).toBe("3");
  });

  test("the end tells all that wait, and who comes later", () => {
    const { box } = inbox();
    const heard: unknown[] = [];
    box.wait(waiter((item) => heard.push(item)));
    expect(box.finished).toBe(false);
    box.end();
    const stopped = waiter((item) => heard.push(item));
    box.wait(stopped);
    box.stopWaiting(stopped);
    expect(heard).toEqual([undefined, undefined]);
    expect(box.finished).toBe(true);
  });
});

describe("the mark", () => {
  test("is charged 64 bytes beside each item, and room is made at half", () => {
    const { box, owner } = inbox(200);
    expect(box.deliver("")).toBe(true);
    expect(box.deliver(new Uint8Array(36))).toBe(true);
    expect(box.deliver({ kind: "text", bytes: new Uint8Array(0), final: true })).toBe(false);
    expect(box.full).toBe(true);
    box.take();
    expect(owner.rooms).toBe(0);
    box.take();
    expect([owner.rooms, box.full]).toEqual([1, false]);
    box.take();
    expect(owner.rooms).toBe(1);
  });

  test.each([
    [191, true],
    [192, false],
  ])("of %d is passed by three empty items: %o", (mark, full) => {
    const { box } = inbox(mark);
    for (let index = 0; index < 3; index += 1) box.deliver("");
    expect(box.full).toBe(full);
  });

  test("what goes straight to a taker costs nothing", () => {
    const { box } = inbox(10);
    const all = consumer();
    box.claim(all);
    box.begin();
    expect(box.deliver("a long message")).toBe(true);
    expect(box.full).toBe(false);
  });
});

describe("a consumer", () => {
  test("gets what waits once it begins, then what comes, then the end", () => {
    const { box } = inbox();
    const all = consumer();
    box.deliver("1");
    box.claim(all);
    box.deliver("2");
    expect(all.heard).toEqual([]);
    box.begin();
    box.deliver("3");
    box.end();
    box.end();
    expect(all.heard).toEqual(["1", "2", "3", "finished"]);
  });

  test("is held by its promise", async () => {
    const { box } = inbox();
    const [first, second] = [deferred(), deferred()];
    const all = consumer((item) =>
      item === "1" ? first.promise : item === "2" ? second.promise : undefined,
    );
    box.claim(all);
    box.begin();
    for (const item of ["1", "2", "3"]) box.deliver(item);
    box.end();
    expect(all.heard).toEqual(["1"]);
    first.resolve();
    await turns(1);
    expect(all.heard).toEqual(["1", "2"]);
    second.resolve();
    await turns(1);
    expect(all.heard).toEqual(["1", "2", "3", "finished"]);
  });

  test("comes after who waits, and waits may be made while it is busy", async () => {
    const { box } = inbox();
    const busy = deferred();
    const all = consumer((item) => (item === "1" ? busy.promise : undefined));
    box.claim(all);
    box.begin();
    box.deliver("1");
    const waited: unknown[] = [];
    box.wait(waiter((item) => waited.push(item)));
    box.deliver("2");
    box.deliver("3");
    expect(box.take()).toBe("3");
    box.wait(waiter((item) => waited.push(item)));
    box.end();
    expect(waited).toEqual(["2", undefined]);
    expect(all.heard).toEqual(["1"]);
    busy.resolve();
    await turns(1);
    expect(all.heard).toEqual(["1", "finished"]);
  });

  test("there is one at a time", () => {
    const { box } = inbox();
    box.claim(consumer());
    expect(() => box.claim(consumer())).toThrow(
      new Error("another handler takes the messages of this connection"),
    );
    box.begin();
    box.end();
    const later = consumer();
    box.claim(later);
    box.begin();
    expect(later.heard).toEqual(["finished"]);
  });
});

describe("blocked output", () => {
  test("holds everything back, until advance or the end", () => {
    const { box, owner } = inbox();
    owner.blocked = true;
    const waited: unknown[] = [];
    box.wait(waiter((item) => waited.push(item)));
    box.deliver("1");
    box.deliver("2");
    box.advance();
    expect([waited, box.take()]).toEqual([[], undefined]);
    owner.blocked = false;
    box.advance();
    expect(waited).toEqual(["1"]);
    owner.blocked = true;
    expect(box.take()).toBeUndefined();
    box.end();
    expect(box.take()).toBe("2");
  });

  test("nobody overtakes who waits", () => {
    const { box, owner } = inbox();
    owner.blocked = true;
    const waited: unknown[] = [];
    box.wait(waiter((item) => waited.push(item)));
    box.deliver("1");
    owner.blocked = false;
    expect(box.take()).toBeUndefined();
    box.deliver("2");
    expect(waited).toEqual([]);
    box.advance();
    expect([waited, box.take()]).toEqual([["1"], "2"]);
  });
});

describe("discard", () => {
  test("drops what is there and what comes, makes room, and lets the end through", () => {
    const { box, owner } = inbox(10);
    box.deliver("x");
    expect(box.full).toBe(true);
    owner.blocked = true;
    box.discard();
    expect([owner.rooms, box.full]).toEqual([1, false]);
    expect(box.deliver("y")).toBe(true);
    expect(box.take()).toBeUndefined();
    const all = consumer();
    box.claim(all);
    box.begin();
    box.deliver("z");
    box.end();
    expect(all.heard).toEqual(["finished"]);
  });

  test("after the end tells who waits for it", () => {
    const { box } = inbox();
    const all = consumer();
    box.deliver("left");
    box.end();
    expect(box.finished).toBe(false);
    box.discard();
    expect(box.finished).toBe(true);
    box.claim(all);
    box.begin();
    expect(all.heard).toEqual(["finished"]);
  });
});
