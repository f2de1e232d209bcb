// Warnings for whoever runs the process: on stderr, each cause once.

/** More causes than this are a cause of their own. */
const MAX_CAUSES = 100;
const warned = new Set<string>();

/** Writes `hawser: text` to stderr, unless something with the same cause was written before. */
export function warnOnce(cause: string, text: string): void {
  if (warned.has(cause) || warned.size >= MAX_CAUSES) return;
  warned.add(cause);
  process.stderr.write(`hawser: ${withoutControls(text)}\n`);
}

/** Something of the text may come from a peer, and a terminal obeys control characters. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (control) => `\\u{${control.charCodeAt(0).toString(16)}}`);
}
