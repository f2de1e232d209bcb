// A flame graph as SVG: each call is a bar as wide as its time, on top of the call that made it. Titles tell the figures.

const width = 1200;
const row = 17;
const top = 44;
/** Bars narrower than this are left out, and text needs this much for a character. */
const narrowest = 0.3;
const character = 6.6;

/** @param root as callTree gives it */
export function flameGraph(root, title) {
  const bars = [];
  const depth = place(root, 0, 0, root.total, bars);
  const height = top + (depth + 1) * row + 8;
  const drawn = bars.map((bar) => draw(bar, height, root.total));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="8" y="20" font-size="15" font-weight="bold">${escaped(title)}</text>
<text x="8" y="36" fill="#555">width: time without idling; blue: Hawser, green: Node, grey: V8 and the system, brown: all others</text>
${drawn.join("\n")}
</svg>
`;
}

/** @returns the depth of the deepest bar */
function place(call, depth, start, whole, bars) {
  bars.push({ call, depth, start });
  let deepest = depth;
  let at = start;
  for (const child of call.children.toSorted((a, b) => b.total - a.total)) {
    if ((child.total / whole) * width < narrowest) continue;
    deepest = Math.max(deepest, place(child, depth + 1, at, whole, bars));
    at += child.total;
  }
  return deepest;
}

function draw({ call, depth, start }, height, whole) {
  const x = (start / whole) * width;
  const size = (call.total / whole) * width;
  const y = height - 8 - (depth + 1) * row;
  const told = `${call.name} ${call.place}: ${percent(call.total, whole)}, itself ${percent(call.self, whole)}`;
  const room = Math.floor((size - 4) / character);
  const label = room < 3 ? "" : call.name.length > room ? `${call.name.slice(0, room - 1)}…` : call.name;
  return (
    `<g><title>${escaped(told)}</title>` +
    `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(size - 0.3, 0.1).toFixed(1)}" height="${row - 1}" fill="${color(call)}"/>` +
    (label === "" ? "" : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escaped(label)}</text>`) +
    "</g>"
  );
}

function color({ place }) {
  if (place.startsWith("hawser/")) return "#8fbdf0";
  if (place.startsWith("node:")) return "#a9d6b2";
  return place === "" ? "#d0d0d0" : "#e3c295";
}

function percent(part, whole) {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
