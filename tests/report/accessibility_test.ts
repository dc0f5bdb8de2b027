import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasChromium, WITHOUT_CHROMIUM } from "../chromium.ts";
import { writeSmallData } from "../cli/small_data.ts";
import { spikeletJson } from "../cli/spikelet.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import type { AxeResult } from "./axe.ts";

const TRAIN = [
  "train",
  "--data",
  "data",
  "--batch-size",
  "10",
  "--hidden",
  "9",
  "--steps",
  "30",
  "--threads",
  "1",
];

Deno.test({
  name:
    `report's pages are accessible, load nothing, fit a phone with readable letters and lead back to the top${WITHOUT_CHROMIUM}`,
  ignore: !hasChromium,
  async fn() {
    await inTemporaryFolder(async (folder) => {
      await writeSmallData(join(folder, "data"), { train: 60, test: 37 });
      await spikeletJson(folder, [...TRAIN, "--name", "a"]);
      await spikeletJson(folder, [...TRAIN, "--name", "b", "--seed", "1"]);
      const maps = [
        "train",
        "--model",
        "tutorial",
        "--steps",
        "10",
        "--data",
        "data",
        "--epochs",
        "1",
        "--threads",
        "1",
      ];
      await spikeletJson(folder, [...maps, "--name", "maps"]);
      const pages: string[] = [];
      for (const runs of [["a"], ["a", "b"], ["maps"]]) {
        pages.push(join(folder, String((await spikeletJson(folder, ["report", ...runs])).path)));
      }
      const axe = fileURLToPath(new URL("axe.ts", import.meta.url));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", axe, ...pages],
        stdin: "null",
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const results: AxeResult[] = JSON.parse(new TextDecoder().decode(stdout));
      assert.equal(results.length, 9);
      for (const { page, width, colorScheme, letters, ...found } of results) {
        const clean = { violations: [], requests: [], complaints: [], overflow: 0, leadsBack: true };
        assert.ok(letters >= 10.99, `${page}, ${width} pixels: letters of ${letters} pixels`);
        assert.deepEqual(found, clean, `${page}, ${width} pixels, ${colorScheme}`);
      }
    });
  },
});
