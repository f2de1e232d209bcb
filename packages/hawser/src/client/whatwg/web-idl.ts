// Values from the application as Web IDL converts them, and the shape that it gives to a class.
import { types } from "node:util";
import { describe } from "../../wire/errors.ts";

/** The greatest value of Web IDL's `unsigned short`. */
const UNSIGNED_SHORT = 0xffff;

/**
 * The arguments that have no default must be there; `undefined` is an argument too.
 *
 * @throws TypeError
 */
export function requireArguments(where: string, given: number, needed: number): void {
  if (given >= needed) return;
  throw new TypeError(`${where} needs ${needed} argument${needed === 1 ? "" : "s"}, and has ${given}`);
}

/** An operation is called on an object of the right class, whatever its arguments are. @throws TypeError */
export function checkBrand(has: boolean): void {
  if (!has) throw illegalInvocation();
}

/** What browsers call it, too. */
export function illegalInvocation(): TypeError {
  return new TypeError("Illegal invocation");
}

/** DOMString: what ToString gives. @throws TypeError for a symbol, and whatever an object's own conversion throws */
export function domString(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "symbol") throw new TypeError("a symbol cannot be made a string");
  return String(value);
}

/** USVString: a DOMString with U+FFFD for each lone surrogate. */
export function usvString(value: unknown): string {
  return domString(value).replace(/\p{Surrogate}/gu, "\u{FFFD}");
}

/** unsigned short with [Clamp]: NaN is 0, what is outside is moved to the nearest end, halves go to the even side. */
export function clampedUnsignedShort(value: unknown): number {
  const number = toNumber(value);
  if (Number.isNaN(number)) return 0;
  const clamped = Math.min(Math.max(number, 0), UNSIGNED_SHORT);
  const below = Math.floor(clamped);
  const over = clamped - below;
  if (over < 0.5) return below;
  if (over > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** unsigned short with [EnforceRange]. @throws TypeError for what is not inside the range once its fraction is cut off */
export function enforcedUnsignedShort(name: string, value: unknown): number {
  const number = Math.trunc(toNumber(value));
  // The addition makes -0 the 0 that it is.
  if (number >= 0 && number <= UNSIGNED_SHORT) return number + 0;
  throw new TypeError(`${name} must be a number from 0 to ${UNSIGNED_SHORT}, not ${describe(value)}`);
}

/** unsigned short without an attribute: modulo 2^16. */
export function unsignedShort(value: unknown): number {
  const [wrapped = 0] = Uint16Array.of(toNumber(value));
  return wrapped;
}

function toNumber(value: unknown): number {
  if (typeof value === "bigint") throw new TypeError("a bigint cannot be made a number");
  return Number(value);
}

/** Whether Web IDL takes this for an object: a function is one. */
export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A dictionary, whose members are read from it; undefined and null are an empty one. @throws TypeError for anything else */
export function dictionary(name: string, value: unknown): object {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new TypeError(`${name} must be an object, not ${describe(value)}`);
}

/** A member of a dictionary; undefined if it is not there. */
export function member(of: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(of, name);
  return value;
}

/** Whether Web IDL takes this for a sequence. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (!isObject(value)) return false;
  const method = member(value, Symbol.iterator);
  return method !== undefined && method !== null;
}

/**
 * The bytes of a BufferSource, over the same memory; undefined for what is none.
 *
 * @throws TypeError for memory that is shared or may change its size: neither is allowed without a word in the interface
 */
export function bufferSource(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    checkMemory(value.buffer);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  // By brand, so that the buffers of another realm count too.
  if (!types.isArrayBuffer(value)) return undefined;
  checkMemory(value);
  return new Uint8Array(value);
}

function checkMemory(memory: ArrayBufferLike): void {
  if (types.isSharedArrayBuffer(memory)) throw new TypeError("bytes in shared memory cannot be sent");
  if ("resizable" in memory && memory.resizable === true)
    throw new TypeError("bytes in a resizable buffer cannot be sent");
}

/** What Web IDL says of a class beyond what JavaScript's `class` makes of it. */
export interface Shape {
  readonly name: string;
  /** Attributes and operations: enumerable. */
  readonly members: readonly string[];
  /** Constants: on the class and on its instances, and never to be changed. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** Gives a class the shape that Web IDL wants it to have. */
export function shapeInterface(made: { readonly prototype: object }, shape: Shape): void {
  const { prototype } = made;
  for (const name of shape.members) Object.defineProperty(prototype, name, { enumerable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: shape.name, configurable: true });
  for (const [name, value] of Object.entries(shape.constants ?? {})) {
    Object.defineProperty(made, name, { value, enumerable: true });
    Object.defineProperty(prototype, name, { value, enumerable: true });
  }
}
