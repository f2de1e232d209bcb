// A URL that a client on this machine can connect to, for the place where something listens.
import type { AddressInfo } from "node:net";

/** "ws://127.0.0.1:8080", "wss://[::1]:8443", "ws+unix:/run/app.sock". */
export function localUrl(secure: boolean, place: AddressInfo | string | null): string {
  const scheme = secure ? "wss" : "ws";
  if (place === null || typeof place === "string") return `${scheme}+unix:${place ?? ""}`;
  const host = localName(place.address);
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${place.port}`;
}

/** An address that stands for all, as one that can be connected to. */
function localName(address: string): string {
  if (address === "::") return "::1";
  return address === "0.0.0.0" ? "127.0.0.1" : address;
}
