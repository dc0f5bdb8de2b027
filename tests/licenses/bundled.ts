/**
 * `deno run --unstable-bundle --allow-read --allow-env tests/licenses/bundled.ts ENTRY…`: bundles modules and prints one line of JSON, a
 * {@linkcode Bundled}. A program of its own, for tests have no bundler.
 *
 * @module
 */
/// <reference lib="deno.unstable" />
import { bundle } from "../../tools/bundle.ts";

/** The contents of a bundle. */
export interface Bundled {
  /** Names of packages, as `tools/bundle.ts` finds them. */
  readonly packages: readonly string[];
  /** Paths of sources, as the bundler's own source maps have them. */
  readonly sources: readonly string[];
}

if (import.meta.main) {
  const { packages } = await bundle(Deno.args);
  const { outputFiles = [] } = await Deno.bundle({
    entrypoints: Deno.args,
    platform: "browser",
    format: "esm",
    minify: true,
    write: false,
    sourcemap: "external",
    codeSplitting: Deno.args.length > 1,
    outputDir: "bundle",
  });
  const sources = outputFiles.filter(({ path }) => path.endsWith(".map"))
    .flatMap(({ contents }) => JSON.parse(new TextDecoder().decode(contents)).sources);
  const bundled: Bundled = { packages: packages.map(({ name }) => name), sources };
  console.log(JSON.stringify(bundled));
}
