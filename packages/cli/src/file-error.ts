// Why a file cannot be used, in words.

/** `cannot read notes.txt: there is no such file`. */
export function describeFileError(path: string, error: unknown): string {
  return `cannot read ${path}: ${why(error)}`;
}

function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch ("code" in error ? error.code : undefined) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a directory";
    case "EACCES":
      return "it is not for this user to read";
    default:
      return error.message;
  }
}
