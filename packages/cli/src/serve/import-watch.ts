// --watch: says when the module, or something that it imports, has changed.
import { dirname } from "node:path";
import { type FSWatcher, watch } from "chokidar";
import { importedFiles } from "./imported-files.ts";

/** Changes within this time are one, in milliseconds: editors write a file in several steps, and people save several. */
const TOGETHER = 100;

/** Files that may be what a module that cannot be loaded waits for. */
const source = /\.([cm]?[jt]s|[jt]sx|json)$/;

/**
 * Watches the folders of all these files, each without those in it: a file may be replaced rather than written, or be missing
 * and come later.
 */
export class ImportWatch {
  readonly #module: string;
  readonly #watcher: FSWatcher;
  /** The module and what it imports, as far as one knows. */
  #files: ReadonlySet<string>;
  /** It cannot be loaded as it is, or its imports are not known: whatever changes near it may matter. */
  #broken = false;
  /** Those that are watched. */
  readonly #folders = new Set<string>();
  #waiting: NodeJS.Timeout | undefined;
  /** What has changed and was not told yet. */
  #change: string | undefined;
  #onChange: (() => void) | undefined;

  private constructor(module: string, onError: (error: unknown) => void) {
    this.#module = module;
    this.#files = new Set([module]);
    this.#watcher = watch([], { depth: 0, ignoreInitial: true });
    this.#watcher.on("all", (_event, path) => this.#changed(path));
    this.#watcher.on("error", onError);
  }

  /**
   * Resolves when it watches.
   *
   * @param onError is told what cannot be watched
   */
  static async of(module: string, onError: (error: unknown) => void): Promise<ImportWatch> {
    const found = new ImportWatch(module, onError);
    const ready = new Promise<void>((resolve) => {
      found.#watcher.once("ready", resolve);
    });
    await found.look();
    await ready;
    return found;
  }

  /** Resolves with a file that has changed since this was asked last: with the first of several. */
  async next(): Promise<string> {
    while (this.#change === undefined) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
    const change = this.#change;
    this.#change = undefined;
    return change;
  }

  /** Looks at what is imported now. */
  async look(): Promise<void> {
    const { files } = await importedFiles(this.#module);
    this.#broken = files === undefined;
    if (files !== undefined) this.#files = files;
    const folders = new Set([...this.#files].map((file) => dirname(file)));
    // One that is added twice tells everything twice.
    this.#watcher.add([...folders].filter((folder) => !this.#folders.has(folder)));
    for (const folder of folders) this.#folders.add(folder);
  }

  /** Says that what is there now could not be loaded. */
  failed(): void {
    this.#broken = true;
  }

  #changed(path: string): void {
    const wanted = this.#files.has(path) || (this.#broken && source.test(path));
    if (!wanted || this.#waiting !== undefined) return;
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.#change ??= path;
      this.#onChange?.();
    }, TOGETHER);
  }
}
