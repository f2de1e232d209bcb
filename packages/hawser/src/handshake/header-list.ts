// HeaderList: the header lines of a message as they came, found by name.
import { quote, trimOws } from "./field-syntax.ts";

/** One header line: its name, and all that stands between the colon and the end of the line. */
export type HeaderLine = readonly [name: string, raw: string];

const noValues: readonly string[] = [];

/**
 * The header lines of a message, in their order, which never change. Names are found whatever their case (RFC 9110 §5.1).
 *
 * Iterating gives `[name, value]` for each line: the name as it came, the value without the whitespace around it.
 */
export class HeaderList implements Iterable<readonly [name: string, value: string]> {
  readonly #lines: readonly HeaderLine[];

  /** Takes the lines as they are: nothing is checked. */
  constructor(lines: Iterable<HeaderLine>) {
    this.#lines = [...lines];
  }

  /**
   * Makes a list from names and values in turn: the form of `rawHeaders` in node:http.
   *
   * @throws TypeError for a name without a value
   */
  static fromRaw(flat: readonly string[]): HeaderList {
    const lines: HeaderLine[] = [];
    let name: string | undefined;
    for (const text of flat) {
      if (name !== undefined) lines.push([name, text]);
      name = name === undefined ? text : undefined;
    }
    if (name !== undefined) throw new TypeError(`the header ${quote(name)} has no value`);
    return new HeaderList(lines);
  }

  /** How many lines there are. */
  get size(): number {
    return this.#lines.length;
  }

  /** The value of all lines of this name, joined with ", " (RFC 9110 §5.3); undefined if there is none. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    let joined: string | undefined;
    for (const line of this.#lines) {
      if (!isNamed(line, wanted)) continue;
      const value = trimOws(line[1]);
      joined = joined === undefined ? value : `${joined}, ${value}`;
    }
    return joined;
  }

  /** The value of each line of this name. */
  all(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    let values: string[] | undefined;
    for (const line of this.#lines) {
      if (!isNamed(line, wanted)) continue;
      if (values === undefined) values = [trimOws(line[1])];
      else values.push(trimOws(line[1]));
    }
    return values ?? noValues;
  }

  /** Whether there is a line of this name. */
  has(name: string): boolean {
    return this.#first(name) !== undefined;
  }

  /** What stood between the colon and the end of the first line of this name, the whitespace included; undefined if there is none. */
  rawValue(name: string): string | undefined {
    return this.#first(name)?.[1];
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (const [name, raw] of this.#lines) yield [name, trimOws(raw)];
  }

  #first(name: string): HeaderLine | undefined {
    const wanted = name.toLowerCase();
    for (const line of this.#lines) if (isNamed(line, wanted)) return line;
    return undefined;
  }
}

// Names are compared line by line rather than put into an index: a handshake asks some ten times about some ten lines,
// most names differ in length already, and an object as index would have to fear names such as "__proto__".
function isNamed(line: HeaderLine, wanted: string): boolean {
  const name = line[0];
  return name.length === wanted.length && name.toLowerCase() === wanted;
}
