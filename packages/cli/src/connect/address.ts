// The URL of `hawser connect`, which may leave out what goes without saying.

/** Names and addresses of this machine: nobody has a certificate for them. */
const loopback = /^(localhost|[^/?:]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/**
 * What was typed, as a URL for `connect`:
 *
 * - `:8080/path`: ws, on this machine
 * - `localhost:8080/path`, and other names of this machine: ws
 * - `example.org/path`: wss
 * - `http://` and `https://` are ws and wss
 *
 * Everything else stays as it is, and is for `connect` to judge.
 */
export function addressOf(typed: string): string {
  const [, web] = /^http(s?):\/\//i.exec(typed) ?? [];
  if (web !== undefined) return `ws${web.toLowerCase()}${typed.slice(typed.indexOf(":"))}`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(typed) || /^wss?\+unix:/i.test(typed)) return typed;
  if (typed.startsWith(":")) return `ws://localhost${typed}`;
  return `${loopback.test(hostOf(typed)) ? "ws" : "wss"}://${typed}`;
}

/** The host of `host:port/path`, the brackets of an IPv6 address included. */
function hostOf(typed: string): string {
  const [, host = ""] = /^(\[[^\]]*\]|[^/?#:]*)/.exec(typed.replace(/^[^/?#]*@/, "")) ?? [];
  return host;
}
