// Why a server cannot listen, in words that say what to do about it.

/** Where it was to listen: a port, or a socket in the file system. */
export type WantedPlace = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** One line about a listen error; undefined for an error that is none of the system's. */
export function describeListenError(error: unknown, wanted: WantedPlace): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return "socketPath" in wanted
    ? ofSocket(error, error.code, wanted.socketPath)
    : ofPort(error, error.code, wanted);
}

function ofPort(error: Error, code: unknown, { host, port }: Extract<WantedPlace, { port: number }>): string {
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  switch (code) {
    case "EADDRINUSE":
      return `${place} is in use by another program; choose another port with --port (0 takes a free one)`;
    case "EACCES":
      return `${place} is not for this user to listen on; choose a port from 1024 up with --port`;
    case "EADDRNOTAVAIL":
      return `${place} cannot be listened on: ${host} is no address of this machine; choose one with --host`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${place} cannot be listened on: no address is known for ${host}; choose one with --host`;
    default:
      return `${place} cannot be listened on: ${error.message}`;
  }
}

function ofSocket(error: Error, code: unknown, path: string): string {
  switch (code) {
    case "EADDRINUSE":
      return `${path} is there already; if no program listens on it, remove it`;
    case "EACCES":
      return `${path} is not for this user to make`;
    default:
      return `${path} cannot be listened on: ${error.message}`;
  }
}
