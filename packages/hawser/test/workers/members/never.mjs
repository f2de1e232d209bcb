// A module that waits for what does not come.
setInterval(() => undefined, 1_000_000);
await new Promise(() => undefined);

export default () => undefined;
