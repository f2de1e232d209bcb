// A line that stays at the bottom of a terminal, while all else is printed above it, by whichever process.

/** What is written to: a terminal, as node:tty has it. */
export interface Terminal {
  readonly rows: number;
  readonly columns: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

const INDEX = "\u001bD";
const SAVE = "\u001b7";
const RESTORE = "\u001b8";
const CLEAR_LINE = "\u001b[2K";
const CLEAR_BELOW = "\u001b[J";
const WHOLE_SCREEN = "\u001b[r";
/** With fewer rows there is no place for it. */
const FEW_ROWS = 4;

/**
 * The last row is taken out of what scrolls (DECSTBM), because what other processes print, the members of a pool, cannot be
 * written around: they share the terminal.
 */
export class BottomLine {
  readonly #terminal: Terminal;
  readonly #onResize = () => this.#fit();
  /** The row that it has now; 0 for none. */
  #row = 0;
  #text = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.on("resize", this.#onResize);
    this.#fit();
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  /** Puts this text there. @param text without line breaks; as wide as `columns` at most, colours aside */
  show(text: string): void {
    this.#text = text;
    if (this.#row > 0) this.#terminal.write(this.#drawn());
  }

  /** Gives the row back. */
  end(): void {
    this.#terminal.off("resize", this.#onResize);
    this.#giveBack();
  }

  /** Gives the row back until `resume`. */
  suspend(): void {
    this.#giveBack();
  }

  resume(): void {
    this.#fit();
  }

  #giveBack(): void {
    if (this.#row === 0) return;
    this.#terminal.write(`${SAVE}${WHOLE_SCREEN}\u001b[${this.#row};1H${CLEAR_LINE}${RESTORE}`);
    this.#row = 0;
  }

  #fit(): void {
    const { rows } = this.#terminal;
    if (!(rows >= FEW_ROWS)) {
      this.#giveBack();
      return;
    }
    this.#row = rows;
    // One down, scrolling if need be, and one up: the cursor is not to be in the last row. Below it is nothing but ourselves, as we were before.
    this.#terminal.write(
      `${WITHIN}${INDEX}\u001b[A${CLEAR_BELOW}${SAVE}\u001b[1;${rows - 1}r${RESTORE}${this.#drawn()}`,
    );
  }

  #drawn(): string {
    return `${SAVE}\u001b[${this.#row};1H${CLEAR_LINE}${this.#text}${RESTORE}`;
  }
}

/** The whole screen scrolls, and the cursor is where it was. */
const WITHIN = `${SAVE}${WHOLE_SCREEN}${RESTORE}`;
