// Masking by WebAssembly SIMD: 32 bytes a round, at half the time of the word loop for 64 KiB, both copies included.
//
// WebAssembly sees only memory of its own. So payload is copied there, masked, and whoever takes it copies it out again, which
// a message needs anyway: the chunk it came in is not its own. Below some two kilobytes the call costs more than it saves.
//
// The module, 135 bytes, in its text form:
//
//   (module
//     (memory (export "memory") 1)
//     (func (export "mask") (param $size i32) (param $key i32) (result i32)
//       (local $at i32) (local $keys v128) (local $seen v128) (local $a v128) (local $b v128)
//       (local.set $keys (i32x4.splat (local.get $key)))
//       (block $done
//         (loop $next
//           (br_if $done (i32.ge_u (local.get $at) (local.get $size)))
//           (v128.store (local.get $at)
//             (local.tee $a (v128.xor (v128.load (local.get $at)) (local.get $keys))))
//           (v128.store offset=16 (local.get $at)
//             (local.tee $b (v128.xor (v128.load offset=16 (local.get $at)) (local.get $keys))))
//           (local.set $seen (v128.or (local.get $seen) (v128.or (local.get $a) (local.get $b))))
//           (local.set $at (i32.add (local.get $at) (i32.const 32)))
//           (br $next)))
//       (i8x16.bitmask (local.get $seen))))
import { Buffer } from "node:buffer";

const module =
  "AGFzbQEAAAABBwFgAn9/AX8DAgEABQMBAAEHEQIGbWVtb3J5AgAEbWFzawAAClgBVgIBfwR7IAH9ESEDAkADQCACIABPDQEgAiAC/QAEACAD" +
  "/VEiBf0LBAAgAiAC/QAEECAD/VEiBv0LBBAgBCAFIAb9UP1QIQQgAkEgaiECDAALCyAE/WQL";

/** Bytes of a round. */
const ROUND = 32;

/** What is used of the global `WebAssembly`, for which Node's types have nothing. */
interface Engine {
  readonly validate: (bytes: Uint8Array) => boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Masks the first `size` bytes, a multiple of 32. Returns whether any byte that came out has its top bit set, as 0 or not. */
  readonly mask: (size: number, key: number) => number;
}

/** Masks in memory of its own. One for all connections: what it gave is to be taken before it is called again. */
export class SimdMask {
  /** Where the result lies, from its first byte on: a masked piece is never longer than this. */
  readonly bytes: Buffer;
  readonly #mask: (size: number, key: number) => number;

  constructor({ memory, mask }: Exports) {
    this.bytes = Buffer.from(memory.buffer);
    this.#mask = mask;
  }

  /**
   * Copies `source[start]` to `source[end]` to the start of `bytes` and masks whole rounds of it there.
   *
   * @param key the masking key, its first byte in the lowest bits (the memory of WebAssembly has the low byte first everywhere)
   * @returns how many bytes were masked, negative if any of them has its top bit set
   */
  copyRounds(source: Uint8Array, start: number, end: number, key: number): number {
    this.bytes.set(source.subarray(start, end));
    const size = (end - start) & -ROUND;
    return this.#mask(size, key) === 0 ? size : -size;
  }
}

/**
 * The mask of this engine; undefined where it has no WebAssembly, or none with SIMD.
 *
 * @param find gives the global `WebAssembly`, and throws where there is none
 */
export function compileSimdMask(find: () => unknown): SimdMask | undefined {
  const engine = found(find);
  if (!isEngine(engine)) return undefined;
  const bytes = Buffer.from(module, "base64");
  if (!engine.validate(bytes)) return undefined;
  const { exports } = new engine.Instance(new engine.Module(bytes));
  return isExports(exports) ? new SimdMask(exports) : undefined;
}

function found(find: () => unknown): unknown {
  try {
    return find();
  } catch {
    // A global that does not exist is a ReferenceError: under `--jitless` there is no WebAssembly.
    return undefined;
  }
}

function isEngine(value: unknown): value is Engine {
  return typeof value === "object" && value !== null && "validate" in value && "Instance" in value;
}

function isExports(value: unknown): value is Exports {
  return typeof value === "object" && value !== null && "memory" in value && "mask" in value;
}

/** Of the language, not of Node; its types come with those of browsers, which are not here. */
declare const WebAssembly: unknown;

export const simdMask: SimdMask | undefined = compileSimdMask(() => WebAssembly);
