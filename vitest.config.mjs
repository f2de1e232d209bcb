// How the tests run: against the sources, and with full coverage of the pure rooms.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const from = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = (path) => from(`packages/hawser/src/${path}`);

export default defineConfig({
  resolve: {
    // Exact matches: a plain "hawser" would also catch the prefix of "hawser/wire".
    alias: [
      { find: /^hawser$/, replacement: source("index.ts") },
      { find: /^hawser\/wire$/, replacement: source("wire/index.ts") },
      { find: /^hawser\/handshake$/, replacement: source("handshake/index.ts") },
    ],
  },
  test: {
    projects: [
      { extends: true, test: { name: "all", include: ["packages/*/test/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "without fast paths",
          include: [
            "packages/hawser/test/{wire,conformance}/**/*.test.ts",
            "packages/hawser/test/hostile/{framing,closing,client-framing,compression-*}.test.ts",
          ],
          exclude: [
            "packages/hawser/test/wire/rfc6455/{mask-simd,text}.test.ts",
            // No fast path is in the framings of the drafts.
            "packages/hawser/test/wire/legacy/**",
            "packages/hawser/test/conformance/versions.test.ts",
          ],
          setupFiles: [from("packages/hawser/test/support/without-fast-paths.ts")],
        },
      },
    ],
    pool: "forks",
    maxWorkers: 2,
    // Nothing takes so long, but on a machine that is busy with other things thousands of connections, or of cuts, take their time.
    testTimeout: 60_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    coverage: {
      provider: "custom",
      customProviderModule: from("scripts/coverage.mjs"),
      include: ["packages/*/src/**/*.ts"],
      reporter: [["text", { skipFull: true }]],
      thresholds: {
        perFile: true,
        "packages/hawser/src/wire/**": { 100: true },
        "packages/hawser/src/handshake/**": { 100: true },
      },
    },
  },
});
