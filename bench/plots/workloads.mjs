// The plot of a benchmark: a panel for each workload, a bar for each candidate, with spread, ratio and target.
import { candidates } from "../candidates.mjs";
import { subject } from "../targets.mjs";
import { number } from "../units.mjs";
import { color, origin, svg } from "./chart.mjs";

const width = 1160;
const columns = 2;
const margin = { top: 70, left: 130, right: 120 };
const bar = 22;
/** Title above a panel, axis below it. */
const around = { above: 46, below: 44 };

/** @param results as bench.mjs writes them */
export function workloadsPlot({ workloads, ...about }) {
  const panels = placed(
    Object.entries(workloads).filter(([, { results }]) => Object.keys(results).length > 0),
  );
  const height = Math.max(...panels.map(({ bottom }) => bottom)) + 10;
  return svg(
    { width, height },
    {
      title: [
        {
          text: "Hawser's benchmark",
          subtext: `${origin(about)}\nbars: median, whiskers: lowest and highest round, dashed line: target`,
          left: 20,
          top: 8,
          itemGap: 6,
          textStyle: { fontSize: 16 },
          subtextStyle: { color: "#555", lineHeight: 15 },
        },
        ...panels.map(({ name, workload, left, top }) => ({
          text: `${name}: ${workload.title}`,
          left: left - 110,
          top: top - 28,
          textStyle: { fontSize: 12 },
        })),
      ],
      grid: panels.map(({ left, top, innerWidth, innerHeight }) => ({
        left,
        top,
        width: innerWidth,
        height: innerHeight,
      })),
      xAxis: panels.map(valueAxis),
      yAxis: [...panels.map(candidateAxis), ...panels.map(figureAxis)],
      series: panels.flatMap((panel, index) => [bars(panel, index), whiskers(panel, index)]),
    },
  );
}

/** Panels from left to right and down, each row as high as its highest panel. */
function placed(entries) {
  const panelWidth = width / columns;
  let top = margin.top + around.above;
  const panels = [];
  for (let first = 0; first < entries.length; first += columns) {
    const row = entries.slice(first, first + columns);
    const innerHeight = Math.max(...row.map(([, { results }]) => Object.keys(results).length)) * bar;
    row.forEach(([name, workload], column) => {
      const left = column * panelWidth + margin.left;
      const innerWidth = panelWidth - margin.left - margin.right;
      panels.push({
        name,
        workload,
        left,
        top,
        innerWidth,
        innerHeight,
        bottom: top + innerHeight + around.below,
      });
    });
    top += innerHeight + around.below + around.above;
  }
  return panels;
}

function valueAxis({ workload }, gridIndex) {
  return {
    type: "value",
    gridIndex,
    min: 0,
    // A target that nobody reached is to be seen too.
    max: ({ max }) => Math.max(max, 1.05 * (targetValue(workload) || 0)),
    name: workload.less ? `${workload.unit} per connection (less is better)` : workload.unit,
    nameLocation: "middle",
    nameGap: 22,
    nameTextStyle: { color: "#555", fontSize: 11 },
    splitNumber: 4,
    axisLabel: { fontSize: 10, formatter: short, showMaxLabel: false },
    splitLine: { lineStyle: { color: "#e4e4e4" } },
  };
}

function candidateAxis({ workload }, gridIndex) {
  return {
    type: "category",
    gridIndex,
    inverse: true,
    data: Object.keys(workload.results).map((candidate) => candidates[candidate].label),
    axisTick: { show: false },
    axisLabel: { fontSize: 11, color: "#222" },
  };
}

/** The figures, to the right of the panel, where no whisker reaches. */
function figureAxis({ workload }, gridIndex) {
  return {
    ...candidateAxis({ workload }, gridIndex),
    position: "right",
    axisLine: { show: false },
    data: Object.values(workload.results).map(({ value, ratio }) =>
      ratio === undefined ? number(value.median) : `${number(value.median)} (${number(ratio.median)}×)`,
    ),
  };
}

function bars({ workload }, index) {
  return {
    type: "bar",
    xAxisIndex: index,
    yAxisIndex: index,
    barWidth: bar - 8,
    data: Object.entries(workload.results).map(([candidate, { value }]) => ({
      value: value.median,
      itemStyle: { color: color(candidate) },
    })),
    markLine: targetLine(workload),
  };
}

function targetLine(workload) {
  const target = targetValue(workload);
  if (target === undefined) return undefined;
  return {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: "#c0392b", type: "dashed", width: 1.5 },
    data: [{ xAxis: target }],
  };
}

/** The target that stands against the baseline, or for itself. */
function targetValue({ targets, baseline, results }) {
  const target = targets.find(({ against }) => against === undefined || against === baseline);
  if (target === undefined || !(subject in results)) return undefined;
  return target.against === undefined
    ? target.ratio
    : target.ratio * (results[baseline]?.value.median ?? Number.NaN);
}

function whiskers({ workload }, index) {
  return {
    type: "custom",
    xAxisIndex: index,
    yAxisIndex: index,
    z: 3,
    encode: { x: [0, 2], y: 1 },
    data: Object.values(workload.results).map(({ value }, row) => [value.low, row, value.high]),
    renderItem: (_params, api) => {
      const [from, y] = api.coord([api.value(0), api.value(1)]);
      const [to] = api.coord([api.value(2), api.value(1)]);
      return {
        type: "group",
        children: [line(from, y, to, y), line(from, y - 3, from, y + 3), line(to, y - 3, to, y + 3)],
      };
    },
  };
}

function line(x1, y1, x2, y2) {
  return { type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: "#111", lineWidth: 1 } };
}

/** 1.5M, 20k, 500. */
function short(value) {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1000 ? `${value / 1000}k` : String(value);
}
