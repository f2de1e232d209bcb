// afterMicrotasks: what the web platform calls queueing a task, as far as it can be told apart from one in Node.

/** Places of tasks that have run are given back in bunches. */
const COMPACT_AT = 1024;

let tasks: (() => void)[] = [];
let next = 0;
let hopping = false;

/**
 * Runs the task once everything that waits in the microtask queue has run, and what that puts there. Tasks run in the order
 * they were given, one at a time: between two of them all microtasks run, so that `await` behind an event is done before
 * the next event. All of it happens before the loop turns.
 */
export function afterMicrotasks(task: () => void): void {
  tasks.push(task);
  if (hopping) return;
  hopping = true;
  queueMicrotask(hop);
}

/** Node empties the queue of microtasks, this one among them, before it looks at the ticks again. */
function hop(): void {
  process.nextTick(runOne);
}

function runOne(): void {
  const task = tasks[next];
  next += 1;
  if (next === tasks.length) {
    tasks = [];
    next = 0;
    hopping = false;
  } else {
    if (next === COMPACT_AT) {
      tasks.splice(0, next);
      next = 0;
    }
    // First: what the task throws is an uncaught exception like any other, but not at the cost of those behind it.
    queueMicrotask(hop);
  }
  task?.();
}
