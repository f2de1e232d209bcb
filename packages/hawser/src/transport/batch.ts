// What goes to a stream in one write: large parts as they are, runs of small ones copied together.
import type { PartQueue } from "./part-queue.ts";
import type { RegionOwner, SharedSlab } from "./slab.ts";
import { slabSize } from "./slab.ts";

/** What goes to a stream at a time: the step in which a slow peer is seen to make progress. */
const batchSize = 128 * 1024;
/** Below this a copy costs less than one more entry in a `writev`. */
export const smallPart: number = 1024;

/** Takes the next batch from the queue. Small parts that follow one another become one region of the slab. */
export function nextBatch(queue: PartQueue, slab: SharedSlab, owner: RegionOwner): Uint8Array[] {
  const batch: Uint8Array[] = [];
  for (let room = batchSize; room > 0; ) {
    // Regions are released whole, so they are sent whole: a batch may be a slab larger than it should.
    const part = queue.shift(room, slabSize);
    if (part === undefined) break;
    room -= part.length;
    const nextIsSmall = !queue.isEmpty && queue.nextSize < smallPart;
    if (part.length < smallPart && (nextIsSmall || slab.open(owner) > 0)) {
      if (!slab.fits(owner, part.length)) {
        endRun(batch, slab, owner);
        slab.claim(owner, part.length);
      }
      slab.append(part);
      slab.release(part, owner);
    } else {
      endRun(batch, slab, owner);
      batch.push(part);
    }
  }
  endRun(batch, slab, owner);
  return batch;
}

function endRun(batch: Uint8Array[], slab: SharedSlab, owner: RegionOwner): void {
  const run = slab.take(owner);
  if (run !== undefined) batch.push(run);
}
