// Coverage by V8, less the branches that no test can take: the zero of `bytes[at] ?? 0`, which is for the type checker.
import { readFileSync } from "node:fs";
import v8 from "@vitest/coverage-v8";

/** Drops the zero after each `array[index] ??` from the branches of one file. */
function dropZeros({ path, branchMap, b: counts }) {
  const lines = readFileSync(path, "utf8").split("\n");
  for (const [id, { type, locations }] of Object.entries(branchMap)) {
    if (type !== "binary-expr") continue;
    for (let arm = locations.length - 1; arm > 0; arm--) {
      const { line, column } = locations[arm].start;
      const text = lines[line - 1];
      if (!/\] \?\? $/.test(text.slice(0, column)) || !/^0(?![\w.])/.test(text.slice(column))) continue;
      locations.splice(arm, 1);
      counts[id].splice(arm, 1);
    }
  }
}

export default {
  ...v8,
  async getProvider() {
    const provider = await v8.getProvider();
    const generate = provider.generateCoverage.bind(provider);
    provider.generateCoverage = async (context) => {
      const map = await generate(context);
      for (const path of map.files()) dropZeros(map.fileCoverageFor(path).data);
      return map;
    };
    return provider;
  },
};
