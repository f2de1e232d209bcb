// A run of adjoining frames that many connections send: to the stream it is one view of their memory, the same for all of them.
import type { Buffer } from "node:buffer";
import type { SharedBytes } from "../wire/encoded.ts";

/** What one connection has of it. It grows while the next frame adjoins. */
export interface SharedPart extends SharedBytes {
  end: number;
}

let latest: SharedBytes | undefined;
let latestView: Buffer | undefined;

/** The bytes of a part. Mostly the part before was the same, so a thousand subscribers share a view. */
export function viewOf({ memory, start, end }: SharedBytes): Buffer {
  if (latestView !== undefined && latest?.memory === memory && latest.start === start && latest.end === end)
    return latestView;
  const view = memory.subarray(start, end);
  latest = { memory, start, end };
  latestView = view;
  return view;
}
