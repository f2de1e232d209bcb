// Sizes, and numbers as people read them.
export const KiB = 1024;
export const MiB = 1024 * KiB;

/** Three digits or more: 1,234,567, 123, 12.3, 1.23. */
export function number(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** 16 B, 64 KiB, 1 MiB. */
export function bytes(size) {
  if (size >= MiB) return `${size / MiB} MiB`;
  return size >= KiB ? `${size / KiB} KiB` : `${size} B`;
}

/** 45 s, 3 min. */
export function duration(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
