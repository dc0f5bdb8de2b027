import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeModel } from "../../src/network/model_file.ts";
import { seedNetwork } from "../../src/network/presets.ts";
import { hasChromium, WITHOUT_CHROMIUM } from "../chromium.ts";
import { PROJECT, recordOf } from "../cli/spikelet.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import type { Visit } from "./visit.ts";

async function run(args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args],
    cwd,
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "";
}

Deno.test({
  ...named(`the page trains, reads what is drawn, and is fit for everybody${WITHOUT_CHROMIUM}`, NO_TOOLS),
  ...(!hasChromium && { ignore: true }),
  async fn() {
    await inTemporaryFolder(async (folder) => {
      const out = join(folder, "page");
      const built = await run(
        [
          "--unstable-bundle",
          "--allow-read",
          `--allow-write=${out}`,
          "tools/page.ts",
          "--out",
          out,
          "--json",
        ],
        PROJECT,
      );
      const { files } = recordOf(JSON.parse(built));
      assert.ok(Array.isArray(files) && files.some((file) => recordOf(file).name === "index.html"));
      const seen: Visit = JSON.parse(
        await run(["-A", fileURLToPath(new URL("visit.ts", import.meta.url)), out], PROJECT),
      );
      const { saved, savedAgain, changed, overflow, ...said } = seen;
      // Without headers that isolate it.
      assert.equal(said.isolated, false);
      assert.match(said.stopped, /^Stopped: [\d.]+ % of 1,000 held-back digits right\.$/);
      const right = /^Done: ([\d.]+) % of 1,000 held-back digits right\.$/.exec(said.standing);
      assert.ok(right && Number(right[1]) > 70, said.standing);
      assert.deepEqual(changed, { curve: true, raster: true, bars: true, decision: true });
      assert.match(said.drawn, /^It names a 1, [\d.]+ % sure, after [\d,]+ spikes\.$/);
      assert.match(said.taken, /^It names a \d, /);
      assert.notEqual(said.turned, said.taken);
      assert.equal(said.reset, said.taken);
      assert.match(said.damaged, /^cut\.safetensors: /);
      assert.equal(said.afterDamage, said.taken);
      // What it saves is a model of the seed's; loaded into another page it is the same, to the bit, and answers the same.
      assert.deepEqual(
        decodeModel(Uint8Array.from(atob(saved), (c) => c.charCodeAt(0)), "saved").spec,
        seedNetwork(),
      );
      assert.equal(savedAgain, saved);
      assert.equal(said.loaded, said.taken);
      assert.deepEqual([said.violations, said.complaints, said.elsewhere], [[], [], []]);
      assert.deepEqual(overflow, [0, 0, 0, 0]);
    });
  },
});
