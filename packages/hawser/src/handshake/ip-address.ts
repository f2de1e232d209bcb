// IP addresses as text: which strings are one, and how sixteen bytes are written (RFC 3986 §3.2.2, RFC 5952).
import type { Buffer } from "node:buffer";

const octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const ipv4Pattern = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const groupPattern = /^[0-9A-Fa-f]{1,4}$/;
const longestIPv6 = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;

/** Whether `text` is an IPv4 address in four decimal parts without leading zeros. */
export function isIPv4(text: string): boolean {
  return ipv4Pattern.test(text);
}

/** Whether `text` is an IPv6 address, without brackets and without a zone. */
export function isIPv6(text: string): boolean {
  if (text.length > longestIPv6) return false;
  // An IPv4 address at the end stands for two groups.
  const last = text.lastIndexOf(":") + 1;
  const plain = isIPv4(text.slice(last)) ? `${text.slice(0, last)}0:0` : text;
  const gap = plain.indexOf("::");
  if (gap < 0) return countGroups(plain) === 8;
  // "::" stands for at least one group.
  return countGroups(plain.slice(0, gap)) + countGroups(plain.slice(gap + 2)) <= 7;
}

// Groups of sixteen bits between colons; NaN for anything else.
function countGroups(text: string): number {
  if (text === "") return 0;
  const groups = text.split(":");
  return groups.every((group) => groupPattern.test(group)) ? groups.length : Number.NaN;
}

/** Writes four bytes as IPv4. */
export function formatIPv4(bytes: Buffer): string {
  return bytes.subarray(0, 4).join(".");
}

/** Writes sixteen bytes as IPv6 in the form of RFC 5952; an IPv4-mapped address as `::ffff:192.0.2.1` (§5). */
export function formatIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${formatIPv4(bytes.subarray(12))}`;
  }
  const text = groups.map((group) => group.toString(16)).join(":");
  // §4.2: the longest run of two or more zero groups, the first of equal ones, becomes "::".
  const runs = text.match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  return `${text.slice(0, at).replace(/:$/, "")}::${text.slice(at + longest.length).replace(/^:/, "")}`;
}
