import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeModel } from "../../src/network/model_file.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { assertOneLine, spikelet, spikeletJson } from "./spikelet.ts";

const FOLDER = fileURLToPath(new URL("../reference/state_dicts/", import.meta.url));

/** Runs a test in a folder with a state_dict and its description. */
async function withState(name: string, test: (folder: string) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    for (const ending of ["safetensors", "json"]) {
      await Deno.copyFile(`${FOLDER}${name}.${ending}`, join(folder, `net.${ending}`));
    }
    await test(folder);
  });
}

const STATE = ["import", "--state", "net.safetensors", "--network", "net.json"];

Deno.test("import --state makes a model in runs/ that other commands take, and says what each tensor is", async () => {
  await withState("norse", async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, STATE);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      stdout,
      /^runs.net\.safetensors: 6-12-4, 20 steps\nfc1\.weight {2}0\.weight {2}by shape and order\n/,
    );
    const model = decodeModel(await Deno.readFile(join(folder, "runs", "net.safetensors")), "net");
    assert.deepEqual([...model.parameters.keys()], ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
    const drawn = await spikelet(folder, ["network", join("runs", "net.safetensors")]);
    assert.match(drawn.stdout, /lif2/);
    await spikeletJson(folder, ["export", join("runs", "net.safetensors"), "--to", "safetensors-int8"]);
  });
});

Deno.test("import --state takes pairs of names from --map, and leaves out what --ignore names", async () => {
  await withState("sinabs", async (folder) => {
    const map = { "fc1.weight": "0.weight", "fc1.bias": "0.bias", "lif2.decay": "3.tau_mem" };
    await Deno.writeTextFile(join(folder, "map.json"), JSON.stringify(map));
    const out = join("runs", "mine.safetensors");
    const more = ["--map", "map.json", "--ignore", "1.tau_mem,1.spike_threshold", "--out", out];
    const { model, agreeing, ignored, taken } = await spikeletJson(folder, [...STATE, ...more]);
    assert.equal(model, out);
    assert.deepEqual(agreeing, ["3.tau_mem", "3.spike_threshold"]);
    assert.deepEqual(ignored, ["1.tau_mem", "1.spike_threshold", "1.v_mem", "3.v_mem"]);
    assert.ok(Array.isArray(taken));
    assert.deepEqual(taken[0], { ours: "fc1.weight", theirs: "0.weight", how: "map" });
  });
});

Deno.test("import refuses what does not fit in one line, and writes nothing", async () => {
  await withState("spikingjelly", async (folder) => {
    const importing = (...args: string[]) => spikelet(folder, ["import", ...args]);
    const state = ["--state", "net.safetensors"], own = [...state, "--network", "net.json"];
    assertOneLine(await importing(), 2, /^import: expected FILE\.nir, or --state FILE\.safetensors/);
    assertOneLine(await importing(...state), 2, /^--state: expected --network FILE\.json beside it/);
    assertOneLine(await importing("--state", "net.json", "--network", "net.json"), 1, /^net\.json: /);
    assertOneLine(
      await importing(...own, "--map", "net.json"),
      1,
      /^net\.json: no object of texts: expected our names/,
    );
    await Deno.writeTextFile(join(folder, "map.json"), "{");
    assertOneLine(await importing(...own, "--map", "map.json"), 1, /^map\.json: not JSON: line 1, column 2/);
    const network = (await Deno.readTextFile(join(folder, "net.json"))).replace('"units": 12', '"units": 11');
    await Deno.writeTextFile(join(folder, "net.json"), network);
    assertOneLine(
      await importing(...own),
      1,
      /^net\.safetensors: nothing in it fits 4 of net\.json: fc1\.weight \[11, 6\], .*: pair them in --map/,
    );
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, "runs"))), []);
  });
});
