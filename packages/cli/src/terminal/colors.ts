// Colours: for people at a terminal, and only if they want them.
import pico from "picocolors";

/** The colour functions of picocolors; without colours they return their text as it is. */
export type Colors = ReturnType<typeof pico.createColors>;

/** A stream that may be a terminal. */
export interface MaybeTerminal {
  readonly isTTY?: boolean | undefined;
}

/** Colours for a terminal, unless NO_COLOR holds anything or the terminal is a dumb one. */
export function colorsFor(
  stream: MaybeTerminal,
  environment: Readonly<Record<string, string | undefined>>,
): Colors {
  const { NO_COLOR, TERM } = environment;
  return pico.createColors(stream.isTTY === true && (NO_COLOR ?? "") === "" && TERM !== "dumb");
}
