// Listening to a signal of the application's: one ear at it, however many wait.
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "../../src/transport/abort-listening.ts";

test("all who wait hear of it, once, in the order they came", () => {
  const abort = new AbortController();
  const heard: string[] = [];
  for (const name of ["one", "two", "three"]) onAbort(abort.signal, () => heard.push(name));
  expect(getEventListeners(abort.signal, "abort")).toHaveLength(1);
  abort.abort();
  abort.abort();
  expect(heard).toEqual(["one", "two", "three"]);
});

test("who has stopped waiting hears nothing, and the last one takes the ear along", () => {
  const abort = new AbortController();
  const heard: string[] = [];
  const [first, second] = ["one", "two"].map((name) => onAbort(abort.signal, () => heard.push(name)));
  first?.();
  first?.();
  expect(getEventListeners(abort.signal, "abort")).toHaveLength(1);
  second?.();
  expect(getEventListeners(abort.signal, "abort")).toEqual([]);
  onAbort(abort.signal, () => heard.push("three"));
  abort.abort();
  expect(heard).toEqual(["three"]);
});

test("who stops another from within hears it alone", () => {
  const abort = new AbortController();
  const heard: string[] = [];
  onAbort(abort.signal, () => {
    heard.push("one");
    stop();
  });
  const stop = onAbort(abort.signal, () => heard.push("two"));
  abort.abort();
  expect(heard).toEqual(["one"]);
});

test("two who wait with the same function are two", () => {
  const abort = new AbortController();
  let heard = 0;
  const listener = () => {
    heard += 1;
  };
  const stop = onAbort(abort.signal, listener);
  onAbort(abort.signal, listener);
  stop();
  abort.abort();
  expect(heard).toBe(1);
});
