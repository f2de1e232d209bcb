// Set-up of the second run of the tests of the protocol: without any trick that makes it fast. A fast path may change nothing.
import { vi } from "vitest";

vi.mock("../../src/wire/rfc6455/mask-simd.ts", async (original) => ({
  ...(await original<typeof import("../../src/wire/rfc6455/mask-simd.ts")>()),
  simdMask: undefined,
}));

vi.mock("../../src/wire/rfc6455/text.ts", async (original) => {
  const text = await original<typeof import("../../src/wire/rfc6455/text.ts")>();
  return { ...text, ...text.textCodec(undefined) };
});

vi.mock("../../src/wire/rfc6455/short-frame.ts", async (original) => ({
  ...(await original<typeof import("../../src/wire/rfc6455/short-frame.ts")>()),
  shortFrameEnd: () => 0,
}));
