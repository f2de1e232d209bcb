// HeapRoom: whether this process has memory for more connections.
import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";

/** With more than this share alive, no more. From 0.8 on, V8 ends a process that does little else than collect. */
const ALIVE = 0.7;
/** With more than this share in use, the next collection may come too late to tell how much of it is alive. */
const USED = 0.85;
/** What V8's limit counts for the young: three semi-spaces of 16 MiB, as they are unless a flag says otherwise. */
const YOUNG = 48 * 1024 * 1024;
/** What a collection has found holds for so long: where memory is tight indeed, the next one comes sooner. Milliseconds. */
const HOLDS = 5000;
/** So often is looked at what is in use. */
const LOOK = 10;

/**
 * Watches the old generation of the heap: what major collections leave of it, and, lest growth between two of them overtakes us, how
 * full it is. That it is half full of garbage means nothing: with room to grow, V8 lets it lie.
 */
export class HeapRoom {
  readonly #limit: number;
  #tightUntil = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #full = false;

  constructor() {
    const { heap_size_limit: limit } = getHeapStatistics();
    this.#limit = Math.max(limit - YOUNG, limit / 2);
    const observer = new PerformanceObserver((list) => {
      if (list.getEntries().some(isMajor)) this.#collected();
    });
    observer.observe({ entryTypes: ["gc"] });
  }

  /** Better not to take any more. */
  get tight(): boolean {
    const now = performance.now();
    if (now - this.#lookedAt > LOOK) {
      this.#lookedAt = now;
      this.#full = oldGeneration() > USED * this.#limit;
    }
    return this.#full || now < this.#tightUntil;
  }

  #collected(): void {
    const tight = oldGeneration() > ALIVE * this.#limit;
    this.#tightUntil = tight ? performance.now() + HOLDS : Number.NEGATIVE_INFINITY;
  }
}

/** Bytes in use that have lived for a while, or are large. */
function oldGeneration(): number {
  let used = 0;
  for (const { space_name: name, space_used_size: size } of getHeapSpaceStatistics()) {
    if (!name.startsWith("new_")) used += size;
  }
  return used;
}

function isMajor(entry: object): boolean {
  const detail: unknown = Reflect.get(entry, "detail");
  const kind: unknown =
    typeof detail === "object" && detail !== null ? Reflect.get(detail, "kind") : undefined;
  return kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
