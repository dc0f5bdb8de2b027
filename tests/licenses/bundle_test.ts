import assert from "node:assert/strict";
import { PAGE_ENTRIES } from "../../src/serve/page_files.ts";
import { PROJECT } from "../cli/spikelet.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import type { Bundled } from "./bundled.ts";

/** A package that must be in each bundle. */
const BUNDLES = [
  { name: "the page", entries: PAGE_ENTRIES.map((name) => `playground/${name}`), has: "@observablehq/plot" },
  { name: "the edge", entries: ["src/serve/handler.ts"], has: "hono" },
];

/** The package of a source; where a package's own map says where its sources once were, the end of its name. */
function packageOf(source: string): string | undefined {
  return /\.deno\/(?:[^/]+@[^/]+\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\/.*$/.exec(source)?.[1];
}

for (const { name, entries, has } of BUNDLES) {
  Deno.test({
    ...named(`bundle() tells of every package that has a source in ${name}`, NO_TOOLS),
    async fn() {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-prompt", "--no-check", "--unstable-bundle", "--allow-read"],
          ...["tests/licenses/bundled.ts", ...entries],
        ],
        cwd: PROJECT,
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const { packages, sources }: Bundled = JSON.parse(new TextDecoder().decode(stdout));
      assert.ok(packages.includes(has));
      const mapped = new Set(sources.flatMap((source) => packageOf(source) ?? []));
      assert.ok(mapped.size > 4);
      const isIn = (found: string) => mapped.has(found) || mapped.has(found.split("/").at(-1) ?? "");
      assert.deepEqual(packages.filter((found) => !isIn(found)), [], "notices of what is not in it");
      for (const each of mapped) {
        assert.ok(
          packages.some((found) => found === each || found.endsWith(`/${each}`)),
          `${each} has no notice`,
        );
      }
    },
  });
}
