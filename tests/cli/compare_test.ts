import { until } from "../until.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { inFolderWithData, writeSmallData } from "./small_data.ts";
import { assertOneLine, command, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const TRAINING = ["--data", "data", "--steps", "8", "--batch-size", "20", "--threads", "2"];

Deno.test("compare trains both networks with each seed, prints the notebook's table, and writes nothing else", async () => {
  await inFolderWithData(async (folder) => {
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
      ...stdout.matchAll(/^seed (\d) {2}(notebook|feed-forward) +accuracy \d+\.\d\d % {2}loss \d+\.\d{4}/gm),
    ];
    assert.deepEqual(runs.map(([, seed, model]) => `${seed} ${model}`), [
      "3 notebook",
      "3 feed-forward",
      "4 notebook",
      "4 feed-forward",
    ]);
    assert.match(stdout, /^test set +mean +lowest – highest +notebook$/m);
    assert.match(stdout, /^The notebook trained each once on MNIST, for one epoch of 60,000 samples\.$/m);
    assert.match(
      stdout,
      /^notebook accuracy +\d+\.\d\d % +± \d+\.\d\d % +\d+\.\d\d % – \d+\.\d\d % +85\.55 %$/m,
    );
    assert.match(stdout, /^feed-forward accuracy .* 86\.90 %$/m);
    assert.match(stdout, /^notebook loss +\d+\.\d{4} +± \d+\.\d{4} +\d+\.\d{4} – \d+\.\d{4} +0\.4547$/m);
    assert.match(stdout, /^feed-forward loss .* 0\.5126$/m);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(stderr, /^run 4\/4 epoch 1\/1 {2}100 % /m);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    assert.deepEqual(names.sort(), [".spikelet", "data", "runs"]);
    const kept = (await Array.fromAsync(Deno.readDir(join(folder, "runs")))).map(({ name }) => name);
    assert.equal(kept.length, 1);
    assert.match(stdout, new RegExp(`^Kept: runs.${RegExp.escape(kept[0]!)}$`, "m"));
  });
});

Deno.test("compare --json has the figures of single runs and their spread", async () => {
  await inFolderWithData(async (folder) => {
    const compared = await spikeletJson(folder, ["compare", "--seeds", "2", ...TRAINING]);
    assert.deepEqual(Object.keys(compared), ["notebook", "feed-forward"]);
    const { accuracy, runs } = recordOf(compared.notebook);
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

Deno.test("compare --models trains each preset by its recipe, as train does, and shows held-back samples", async () => {
  await inFolderWithData(async (folder) => {
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

Deno.test("compare refuses an option that none of its presets uses, and unknown presets", async () => {
  await inFolderWithData(async (folder) => {
    const vain = await spikelet(folder, [
      "compare",
      "--data",
      "data",
      "--models",
      "lif",
      "--penalty",
      "0.5",
    ]);
    assert.equal(vain.code, 2);
    assert.match(vain.stderr, /^--penalty: /);
    const unknown = await spikelet(folder, ["compare", "--models", "notebook,note"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /^--models "notebook,note": expected some of notebook, feed-forward, /);
  });
});

/** A comparison without times and memory. */
function withoutTimes(compared: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(compared).map(([model, network]) => {
    const { accuracy, loss, runs } = recordOf(network);
    assert.ok(Array.isArray(runs));
    return [
      model,
      accuracy,
      loss,
      runs.map(recordOf).map(({ seed, weightsSha256, test }) => [seed, weightsSha256, test]),
    ];
  });
}

Deno.test("compare prints and keeps its table when it is stopped, and --resume ends in the same one", async () => {
  await inFolderWithData(async (folder) => {
    const training = [...TRAINING, "--epochs", "15", "--seeds", "3"];
    const whole = await spikeletJson(folder, ["compare", ...training, "--name", "whole"]);
    const child = command(folder, ["compare", ...training, "--name", "stopped"]).spawn();
    const path = join(folder, "runs", "stopped.json");
    const done = async () => {
      try {
        const { runs } = recordOf(JSON.parse(await Deno.readTextFile(path)));
        return Array.isArray(runs) ? runs.length : 0;
      } catch {
        return 0; // not written yet
      }
    };
    await until(async () => await done() >= 3);
    child.kill("SIGINT");
    child.kill("SIGINT"); // like one Ctrl-C
    const { code, stdout, stderr } = await child.output();
    const text = new TextDecoder().decode(stdout);
    assert.equal(code, 130, new TextDecoder().decode(stderr));
    const count = await done();
    assert.ok(count >= 3 && count < 6);
    assert.match(text, new RegExp(`^Stopped in run ${count + 1} of 6\\. What is done:$`, "m"));
    assert.match(text, /^notebook accuracy +\d+\.\d\d % +± /m);
    assert.match(text, /^feed-forward accuracy +\d/m);
    assert.match(text, /^Kept: runs.stopped\.json$/m);
    assert.match(text, /^ {2}deno task compare --resume stopped {2}train the other \d runs?$/m);

    const resumed = await spikeletJson(folder, [
      "compare",
      "--resume",
      "runs/stopped.json",
      "--threads",
      "1",
    ]);
    assert.deepEqual(withoutTimes(resumed), withoutTimes(whole));
    // --resume shows a finished comparison again, and takes more seeds.
    const shown = await spikelet(folder, ["compare", "--resume", "stopped"]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^Mean ± standard deviation of 3 seeds\.$/m);
    assert.doesNotMatch(shown.stdout, /^seed \d /m, "nothing was trained");
    const more = await spikeletJson(folder, ["compare", "--resume", "stopped", "--seeds", "4"]);
    const runsOf = (compared: Readonly<Record<string, unknown>>) => recordOf(compared["feed-forward"]).runs;
    const [before, after] = [runsOf(resumed), runsOf(more)];
    assert.ok(Array.isArray(before) && Array.isArray(after));
    assert.deepEqual(after.slice(0, 3), before);
    assert.deepEqual(after.slice(3).map((run) => recordOf(run).seed), [3]);

    const resume = ["compare", "--resume", "stopped"];
    for (
      const [args, exitCode, message] of [
        [[...resume, "--steps", "9"], 2, /^--steps: not beside --resume: /],
        [
          [...resume, "--seeds", "2"],
          2,
          /^--seeds 2: the comparison was begun with 4: expected as many or more$/m,
        ],
        [
          ["compare", ...training, "--name", "stopped"],
          1,
          /^runs.stopped\.json: there is a comparison of this name already: /,
        ],
        [["compare", "--resume", "none"], 1, /^runs.none\.json: /],
      ] as const
    ) assertOneLine(await spikelet(folder, args), exitCode, message);
    await writeSmallData(join(folder, "other"), { train: 50, test: 20 });
    const other = await spikelet(folder, [...resume, "--data", "other"]);
    assertOneLine(other, 1, /^runs.stopped\.json: these are not the data that the comparison began with: /);
    await Deno.writeTextFile(path, "{");
    assertOneLine(
      await spikelet(folder, resume),
      1,
      /^runs.stopped\.json: not JSON: line \d+, column \d+: .*: the file is damaged$/m,
    );
  });
});

Deno.test("compare leaves nothing when it is stopped before the end of its first run", async () => {
  await inFolderWithData(async (folder) => {
    const args = ["compare", ...TRAINING, "--epochs", "10000", "--name", "early"];
    const child = command(folder, args).spawn();
    const path = join(folder, "runs", "early.json");
    await until(() => Deno.stat(path).then(() => true, () => false));
    child.kill("SIGTERM");
    const { code, stdout } = await child.output();
    assert.equal(code, 143);
    assert.match(
      new TextDecoder().decode(stdout),
      /^Stopped before the first run was done: there is nothing to keep\.$/m,
    );
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, "runs"))), []);
  });
});
