// Opcodes: what kind of frame it is (RFC 6455 §5.2).

/** The four bits of a frame's opcode, by name. Reserved ones stay the number they are, and `isReserved` tells them. */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Control frames have the top bit of the opcode set (RFC 6455 §5.5). */
export function isControl(opcode: number): boolean {
  return (opcode & 0x8) !== 0;
}

/** 3–7 and 11–15 are reserved for frames that nobody has defined (RFC 6455 §5.2). */
export function isReserved(opcode: number): boolean {
  return (opcode & 0x7) > 2;
}
