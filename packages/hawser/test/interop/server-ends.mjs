// How connections to a server have ended, by their id, for connections that ask.
const ends = new Map();

/** What is told of the connection with this id: `tell` it once, `told` is a promise of it. */
export function endOf(id) {
  if (!ends.has(id)) {
    const end = {};
    end.told = new Promise((resolve) => {
      end.tell = resolve;
    });
    ends.set(id, end);
  }
  return ends.get(id);
}
