// The plots of growth: what a message costs the server, and how many there are a second, over two logarithmic axes.
import { candidates } from "../candidates.mjs";
import { color, origin, svg } from "./chart.mjs";

const size = { width: 1160, height: 480 };
const panels = [
  { field: "cpuPerMessage", name: "processor time of the server per message (µs)", left: 70 },
  { field: "rate", name: "messages/s", left: 650 },
];

/**
 * @param title what grows
 * @param axis its name and unit, and how a value of it is written
 * @param points for each candidate a list of { at, cpuPerMessage, rate }, both spreads
 */
export function growthPlot({ title, axis, points, about }) {
  const names = Object.keys(points);
  const values = [...new Set(names.flatMap((name) => points[name].map(({ at }) => at)))];
  return svg(size, {
    title: {
      text: title,
      subtext: origin(about),
      left: 20,
      top: 8,
      textStyle: { fontSize: 16 },
      subtextStyle: { color: "#555" },
    },
    legend: { top: 58, left: 20, itemGap: 24, data: names.map((name) => candidates[name].label) },
    grid: panels.map(({ left }) => ({ left, top: 110, width: 470, height: 300 })),
    // Steps of equal factors, evenly spaced and written as they are: a logarithmic axis whose ticks are what was measured.
    xAxis: panels.map((_, gridIndex) => ({
      type: "category",
      gridIndex,
      data: values.map(axis.format),
      name: axis.name,
      nameLocation: "middle",
      nameGap: 30,
      axisTick: { alignWithLabel: true },
    })),
    yAxis: panels.map(({ name }, gridIndex) => ({
      type: "log",
      gridIndex,
      name,
      nameLocation: "end",
      nameTextStyle: { align: "left", padding: [0, 0, 0, -40] },
      axisLabel: { formatter: (value) => value.toLocaleString("en") },
      minorSplitLine: { show: true, lineStyle: { color: "#f2f2f2" } },
    })),
    series: panels.flatMap(({ field }, panel) =>
      names.map((name) => curve(points[name], name, field, panel)),
    ),
  });
}

function curve(points, name, field, panel) {
  return {
    type: "line",
    name: candidates[name].label,
    xAxisIndex: panel,
    yAxisIndex: panel,
    symbol: "circle",
    symbolSize: 6,
    // A logarithmic axis has no place for nothing, which is what a very short run can have measured.
    data: points.map((point) => (point[field].median > 0 ? point[field].median : null)),
    itemStyle: { color: color(name) },
    lineStyle: { color: color(name), width: 2 },
  };
}
