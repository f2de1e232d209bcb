// A handler or a behaviour with something more, as it was given otherwise.

/** A copy with these properties. What it inherits stays: it may be an instance of a class. */
export function extended<Given extends object, More extends object>(given: Given, more: More): Given & More {
  const copy = { ...given, ...more };
  Reflect.setPrototypeOf(copy, Reflect.getPrototypeOf(given));
  return copy;
}
