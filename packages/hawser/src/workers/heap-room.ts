// HeapRoom: whether this process has memory for more connections.
import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";

/** This share of what V8 may use for what lives long is full: beyond it a process is soon all collecting, and then dies. */
const TIGHT = 0.8;
/** What V8's limit counts for the young: three semi-spaces of 16 MiB, as they are unless a flag says otherwise. */
const YOUNG = 48 * 1024 * 1024;
/** What a collection has found holds for so long. Where memory is tight indeed, the next one does not take that long. */
const HOLDS = 5000;

/**
 * Watches what is left after each major collection. What V8 uses between two of them says little: with room to grow, it lets
 * garbage lie.
 */
export class HeapRoom {
  readonly #limit: number;
  #tightUntil = Number.NEGATIVE_INFINITY;

  constructor() {
    const { heap_size_limit: limit } = getHeapStatistics();
    this.#limit = Math.max(limit - YOUNG, limit / 2);
    const observer = new PerformanceObserver((list) => {
      if (list.getEntries().some(isMajor)) this.#look();
    });
    observer.observe({ entryTypes: ["gc"] });
  }

  /** Better not to take any more. */
  get tight(): boolean {
    return performance.now() < this.#tightUntil;
  }

  #look(): void {
    const live = getHeapStatistics().used_heap_size;
    this.#tightUntil = live > TIGHT * this.#limit ? performance.now() + HOLDS : Number.NEGATIVE_INFINITY;
  }
}

function isMajor(entry: object): boolean {
  const detail: unknown = Reflect.get(entry, "detail");
  const kind: unknown =
    typeof detail === "object" && detail !== null ? Reflect.get(detail, "kind") : undefined;
  return kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
