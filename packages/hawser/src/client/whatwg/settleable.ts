// A promise that is handed out and settled by us.

/** A promise, and what settles it: the first that is called. */
export interface Settleable<Value> {
  /** That it rejects is no unhandled rejection, whether anybody looks at it or not. */
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

export function settleable<Value>(): Settleable<Value> {
  let settle: Pick<Settleable<Value>, "resolve" | "reject"> | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return {
    promise,
    resolve: (value) => settle?.resolve(value),
    reject: (error) => settle?.reject(error),
  };
}
