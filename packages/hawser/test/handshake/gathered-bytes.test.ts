import { Buffer } from "node:buffer";
import { describe, expect, it, vi } from "vitest";
import { GatheredBytes } from "../../src/handshake/gathered-bytes.ts";

describe("bytes that come in pieces", () => {
  it("are none at first", () => {
    expect(new GatheredBytes().bytes).toHaveLength(0);
  });

  it("are the piece itself, not copied, as long as there is one", () => {
    const gathered = new GatheredBytes();
    const piece = Buffer.from("abc");
    gathered.append(piece);
    expect(gathered.bytes).toBe(piece);
  });

  it("are copied from the second piece on, and earlier pieces stay as they are", () => {
    const gathered = new GatheredBytes();
    const first = Buffer.from("abc");
    gathered.append(first);
    gathered.append(Buffer.from("def"));
    gathered.append(Buffer.alloc(0));
    gathered.append(Buffer.alloc(5000, "x"));
    expect(gathered.bytes.toString()).toBe(`abcdef${"x".repeat(5000)}`);
    expect(first.toString()).toBe("abc");
  });

  it("may begin with an empty piece", () => {
    const gathered = new GatheredBytes();
    gathered.append(Buffer.alloc(0));
    gathered.append(Buffer.from("a"));
    expect(gathered.bytes.toString()).toBe("a");
  });

  it("cost few allocations, however small the pieces: 16 KiB byte by byte take five", () => {
    const allocate = vi.spyOn(Buffer, "allocUnsafe");
    const gathered = new GatheredBytes();
    for (let sent = 0; sent < 16 * 1024; sent++) gathered.append(Buffer.from([sent % 251]));
    expect(allocate.mock.calls.map(([size]) => size)).toEqual([1024, 2050, 4102, 8206, 16_414]);
    expect(gathered.bytes).toEqual(Buffer.from(Array.from({ length: 16 * 1024 }, (_, at) => at % 251)));
  });
});
