// When zlib works: small things at once, as long as this turn of the loop has time for them; the rest on the thread pool.
//
// The loop is shared by all connections, and the pool's threads (four, if nobody says otherwise) with the file system and DNS.

/** A piece of work that was not done at once. */
export interface DeflateJob {
  /** Nobody waits for it any more. */
  readonly dropped: boolean;
  /** Does it here and now. Returns false if it turns out to be too large for that. */
  tryHere(): boolean;
  /** Does it on the thread pool. */
  doElsewhere(done: () => void): void;
}

/** How much one turn of the loop compresses and inflates, in bytes of plain data: some milliseconds' worth. */
const TURN = 256 * 1024;
/** What each call costs beside its bytes, in bytes that could be done meanwhile. */
const CALL = 512;
/** And in what time that should be done, in milliseconds: a peer can write data of which a byte takes a hundred times as long. */
const TURN_TIME = 10;
/** How many jobs are on the thread pool at once. */
const ELSEWHERE = 2;

/** Divides the time of one thread. What waits is done in the order in which it came. */
export class DeflateWork {
  /** When it is, for `spent`. */
  readonly now: () => number;
  readonly #nextTurn: (act: () => void) => void;
  #left = TURN;
  #turning = false;
  /** Small jobs that wait for the next turn, and large ones that wait for the thread pool. */
  readonly #small: DeflateJob[] = [];
  readonly #large: DeflateJob[] = [];
  #running = 0;
  readonly #done = (): void => {
    this.#running -= 1;
    this.#start();
  };

  /**
   * @param nextTurn calls the function when the loop has turned once
   * @param now milliseconds; without it only bytes count
   */
  constructor(nextTurn: (act: () => void) => void, now: () => number = () => 0) {
    this.#nextTurn = nextTurn;
    this.now = now;
  }

  /** Something small may be done here and now. */
  get hasTime(): boolean {
    return this.#left > 0 && this.#small.length === 0;
  }

  /** So many bytes were compressed or inflated here, in the time since then. It counts what is more of both. */
  spent(bytes: number, since: number = this.now()): void {
    this.#left -= Math.max(bytes + CALL, ((this.now() - since) / TURN_TIME) * TURN);
    this.#awaitTurn();
  }

  /** For the next turn. */
  later(job: DeflateJob): void {
    this.#small.push(job);
    this.#awaitTurn();
  }

  /** For the thread pool. */
  elsewhere(job: DeflateJob): void {
    this.#large.push(job);
    this.#start();
  }

  #awaitTurn(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#nextTurn(() => this.#turn());
  }

  #turn(): void {
    this.#turning = false;
    this.#left = TURN;
    try {
      while (this.#left > 0 && this.#small.length > 0) {
        const job = this.#small.shift();
        if (job?.dropped === false && !job.tryHere()) this.elsewhere(job);
      }
    } finally {
      if (this.#small.length > 0) this.#awaitTurn();
    }
  }

  #start(): void {
    while (this.#running < ELSEWHERE) {
      const job = this.#large.shift();
      if (job === undefined) return;
      if (job.dropped) continue;
      this.#running += 1;
      job.doElsewhere(this.#done);
    }
  }
}

/** All work of this thread. */
export const deflateWork: DeflateWork = new DeflateWork(
  (act) => setImmediate(act),
  () => performance.now(),
);
