// Charts as SVG, drawn by ECharts without a browser.
import { init } from "echarts";

/** On white, so that axes and labels are seen on a dark page too. */
const common = {
  animation: false,
  backgroundColor: "#fff",
  textStyle: { fontFamily: "Helvetica, Arial, sans-serif", fontSize: 12, color: "#222" },
};

/** The colours of candidates: those of one library are alike. */
const colors = {
  ws: "#7f7f7f",
  "ws-bufferutil": "#a6a6a6",
  "ws-strings": "#c4c4c4",
  undici: "#8c6d46",
  net: "#4c4c4c",
  hawser: "#0b63c5",
  "hawser-session": "#5a9be6",
  "hawser-websocket": "#a3c8f2",
  bun: "#d98a2b",
  deno: "#3a9d6e",
};

export const color = (candidate) => colors[candidate];

/** The text of an SVG file. */
export function svg({ width, height }, option) {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ ...common, ...option });
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}

/** One line about where figures come from. */
export function origin({ machine, versions, settings, small }) {
  const { processor, cores } = machine;
  const named = ["hawser", "node", "ws", "bun", "deno"].filter((name) => name in versions);
  const parts = [
    small ? "SMALL RUN, no figures" : undefined,
    named.map((name) => `${name} ${versions[name]}`).join(", "),
    `${processor}, ${cores} cores`,
    `${settings.rounds} × ${settings.seconds} s each, median`,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}
