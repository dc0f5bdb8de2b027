import assert from "node:assert/strict";
import { join } from "node:path";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { writeSmallData } from "./small_data.ts";
import { recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const TRAINING = ["--data", "data", "--steps", "8", "--batch-size", "20", "--threads", "2"];

Deno.test("compare trains both networks with each seed and prints the notebook's table, with no files of runs", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const { code, stdout, stderr } = await spikelet(folder, [
      "compare",
      "--seeds",
      "2",
      "--seed",
      "3",
      ...TRAINING,
    ]);
    assert.equal(code, 0, stderr);
    const runs = [
      ...stdout.matchAll(/^seed (\d) {2}(seed|dense) +accuracy \d+\.\d\d % {2}loss \d+\.\d{4}/gm),
    ];
    assert.deepEqual(runs.map(([, seed, model]) => `${seed} ${model}`), [
      "3 seed",
      "3 dense",
      "4 seed",
      "4 dense",
    ]);
    assert.match(stdout, /^test set +mean +lowest – highest +notebook$/m);
    assert.match(stdout, /^The notebook trained each once on MNIST, for one epoch of 60,000 samples\.$/m);
    assert.match(stdout, /^seed accuracy +\d+\.\d\d % +± \d+\.\d\d % +\d+\.\d\d % – \d+\.\d\d % +85\.55 %$/m);
    assert.match(stdout, /^dense accuracy .* 86\.90 %$/m);
    assert.match(stdout, /^seed loss +\d+\.\d{4} +± \d+\.\d{4} +\d+\.\d{4} – \d+\.\d{4} +0\.4547$/m);
    assert.match(stdout, /^dense loss .* 0\.5126$/m);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(stderr, /^run 4\/4 epoch 1\/1 {2}100 % /m);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    assert.deepEqual(names.sort(), [".spikelet", "data"]);
  });
});

Deno.test("compare --json has the figures of single runs, and their spread", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const compared = await spikeletJson(folder, ["compare", "--seeds", "2", ...TRAINING]);
    assert.deepEqual(Object.keys(compared), ["seed", "dense"]);
    const { accuracy, runs } = recordOf(compared.seed);
    assert.ok(Array.isArray(runs));
    const second = recordOf(runs[1]);
    const alone = await spikeletJson(folder, ["train", "--seed", "1", ...TRAINING]);
    assert.deepEqual(
      [second.seed, second.weightsSha256, second.test],
      [1, alone.weightsSha256, alone.test],
    );
    const accuracies = runs.map((run) => Number(recordOf(recordOf(run).test).accuracy));
    assert.equal(recordOf(accuracy).min, Math.min(...accuracies));
    assert.equal(recordOf(accuracy).max, Math.max(...accuracies));
  });
});

Deno.test("compare --models trains each preset by its own recipe, as train does, and shows what was held back", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const training = ["--data", "data", "--epochs", "2", "--threads", "1"];
    const all = [...training, "--validation", "0.2"];
    const { code, stdout, stderr } = await spikelet(folder, [
      "compare",
      ...["--models", "lif,tuned", "--seeds", "1", "--json"],
      ...all,
    ]);
    assert.equal(code, 0, stderr);
    const compared = recordOf(JSON.parse(stdout));
    for (const model of ["lif", "tuned"]) {
      const { runs } = recordOf(compared[model]);
      assert.ok(Array.isArray(runs));
      const alone = await spikeletJson(folder, ["train", "--model", model, ...all]);
      assert.equal(recordOf(runs[0]).weightsSha256, alone.weightsSha256, model);
      assert.match(stderr, new RegExp(`^${model} held back +\\d+\\.\\d\\d %`, "m"));
    }
    assert.doesNotMatch(stderr, /notebook/);
  });
});

Deno.test("compare refuses an option that none of its presets has a use for, and presets that there are none of", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"));
    const vain = await spikelet(folder, [
      "compare",
      "--data",
      "data",
      "--models",
      "lif,dense",
      "--decay",
      "0.5",
    ]);
    assert.equal(vain.code, 2);
    assert.match(vain.stderr, /^--decay: /);
    const unknown = await spikelet(folder, ["compare", "--models", "seed,sed"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /^--models "seed,sed": expected some of seed, dense, /);
  });
});
