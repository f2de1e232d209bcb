// The environment of the process, as it is when it is asked for.

/** The variable of this name; undefined where there is none, or it is empty. */
export function environmentVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}
