import assert from "node:assert/strict";
import { join } from "node:path";
import { readModel } from "../../src/network/model_file.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { sizeOf, until } from "../until.ts";
import { inFolderWithData, QUICK_TRAIN } from "./small_data.ts";
import { assertOneLine, command, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const SUMMARY_KEYS = [
  "name",
  "dir",
  "model",
  "engine",
  "threads",
  "seed",
  "epochs",
  "trainedEpochs",
  "modelEpoch",
  "trainSamples",
  "seconds",
  "samplesPerSecond",
  "peakRssMiB",
  "weightsSha256",
  "train",
  "validation",
  "test",
  "testWord",
  "warnings",
];

/** The names in a folder, sorted. */
async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("train on MNIST writes its run and prints its summary", async () => {
  await inTemporaryFolder(async (folder) => {
    const run = await spikelet(folder, [
      ...[
        "train",
        "--limit",
        "300",
        "--batch-size",
        "100",
        "--epochs",
        "2",
        "--name",
        "first",
        "--threads",
        "2",
      ],
      ...["--out", "runs/copy.safetensors", "--json"],
    ]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.stdout.split("\n").length, 2, "one line of JSON and nothing else");
    const summary = recordOf(JSON.parse(run.stdout));
    assert.deepEqual(Object.keys(summary), SUMMARY_KEYS);
    assert.deepEqual(Object.keys(recordOf(summary.train)), ["loss", "accuracy"]);
    assert.deepEqual(Object.keys(recordOf(summary.test)), ["loss", "accuracy", "correct", "total"]);
    assert.equal(summary.dir, join("runs", "first"));
    assert.equal(summary.trainSamples, 300);
    assert.equal(recordOf(summary.test).total, 10_000);

    const directory = join(folder, "runs", "first");
    assert.deepEqual(await namesIn(directory), [
      ...[".lock", "checkpoints", "epochs.jsonl", "metrics.jsonl", "model.safetensors", "run.json"],
    ]);
    assert.deepEqual(await namesIn(folder), [".spikelet", "runs"]);

    const lines = (await Deno.readTextFile(join(directory, "metrics.jsonl"))).trimEnd().split("\n")
      .map((line) => recordOf(JSON.parse(line)));
    assert.deepEqual(
      lines.map(({ epoch, batch, samples }) => [epoch, batch, samples]),
      [1, 2].flatMap((epoch) => [1, 2, 3].map((batch) => [epoch, batch, 100])),
    );
    for (const { loss, accuracy, firingRate, gradientNorms } of lines) {
      assert.ok(Number(loss) > 0 && Number(accuracy) >= 0 && Number(accuracy) <= 1);
      assert.ok(Number(firingRate) > 0 && Number(firingRate) < 1);
      assert.ok(Array.isArray(gradientNorms) && gradientNorms.length === 2); // one per layer
      assert.ok(gradientNorms.every((norm) => norm > 0 && norm < 100), `${gradientNorms}`);
    }
    const lastEpoch = lines.slice(3).map(({ loss }) => Number(loss));
    const meanLoss = lastEpoch.reduce((sum, loss) => sum + loss, 0) / lastEpoch.length;
    assert.ok(Math.abs(Number(recordOf(summary.train).loss) - meanLoss) < 1e-9);

    const record = recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json"))));
    assert.equal(record.state, "finished");
    assert.deepEqual(record.result, summary);

    const epochs = (await Deno.readTextFile(join(directory, "epochs.jsonl"))).trimEnd().split("\n")
      .map((line) => recordOf(JSON.parse(line)));
    assert.deepEqual(epochs.map(({ epoch, units, validation }) => [epoch, units, validation]), [
      [1, 100, null],
      [2, 100, null],
    ]);
    assert.ok(Math.abs(Number(epochs[1]?.loss) - meanLoss) < 1e-9);

    const model = await readModel(join(directory, "model.safetensors"));
    assert.deepEqual(model.spec, notebookNetwork());
    assert.equal(model.metadata.weightsSha256, summary.weightsSha256);
    assert.deepEqual(
      await Deno.readFile(join(folder, "runs", "copy.safetensors")),
      await Deno.readFile(join(directory, "model.safetensors")),
    );

    const test = recordOf(
      (await spikeletJson(folder, ["evaluate", "first", "--threads", "1"])).test,
    );
    assert.deepEqual(test, summary.test, "evaluate gives the run's figures again");
  });
});

Deno.test("train gives the same weights with 1, 2, 3 and 4 threads", async () => {
  await inFolderWithData(async (folder) => {
    const options = ["train", "--data", "data", "--steps", "32", "--batch-size", "70", "--epochs", "2"];
    const runs: Record<string, unknown>[] = [];
    for (const threads of ["1", "2", "3", "4"]) {
      runs.push(
        await spikeletJson(folder, [...options, "--threads", threads, "--name", `threads-${threads}`]),
      );
    }
    const [first] = runs;
    for (const { weightsSha256, train, test } of runs) {
      assert.deepEqual([weightsSha256, train, test], [first?.weightsSha256, first?.train, first?.test]);
    }
    const other = await spikeletJson(folder, [...options, "--seed", "1", "--name", "other-seed"]);
    assert.notEqual(other.weightsSha256, first?.weightsSha256);
  }, { train: 150, test: 20 });
});

Deno.test("train --model feed-forward trains the feed-forward peer", async () => {
  await inFolderWithData(async (folder) => {
    const summary = await spikeletJson(folder, [
      ...[
        "train",
        "--model",
        "feed-forward",
        "--hidden",
        "9",
        "--data",
        "data",
        "--name",
        "dense",
        "--batch-size",
        "20",
      ],
      ...["--epochs", "40", "--threads", "2"],
    ]);
    assert.equal(summary.model, "feed-forward");
    const { spec } = await readModel(join(folder, "runs", "dense", "model.safetensors"));
    assert.deepEqual(spec, feedForwardNetwork({ hidden: 9 }));
    assert.ok(Number(recordOf(summary.test).accuracy) > 0.9, "bars at ten heights are easily learned");
  });
});

Deno.test("train passes each option to the network", async () => {
  await inFolderWithData(async (folder) => {
    await spikeletJson(folder, [
      ...["train", "--data", "data", "--name", "options", "--hidden", "7", "--steps", "9", "--decay", "0.5"],
      ...["--threshold", "-1.5", "--penalty", "0", "--begin-eval", "3", "--learning-rate", "1e-2"],
      ...["--momentum", "0", "--seed", "9007199254740991", "--engine", "wasm"],
    ]);
    const { spec } = await readModel(join(folder, "runs", "options", "model.safetensors"));
    assert.deepEqual(
      spec,
      notebookNetwork({ hidden: 7, steps: 9, decay: 0.5, threshold: -1.5, penalty: 0, beginEval: 3 }),
    );
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "options", "run.json"))));
    const options = recordOf(record.options);
    assert.deepEqual(options.step, { kind: "sgd", learningRate: 0.01, momentum: 0, weightDecay: 0 });
    assert.equal(options.seed, Number.MAX_SAFE_INTEGER);
  });
});

Deno.test("train names a run by its model and the time", async () => {
  await inFolderWithData(async (folder) => {
    const { name } = await spikeletJson(folder, QUICK_TRAIN);
    assert.match(String(name), /^notebook-\d{8}-\d{6}$/);
    assert.deepEqual(await namesIn(join(folder, "runs")), [name]);
  });
});

Deno.test("train --limit above the number of samples takes all", async () => {
  await inFolderWithData(async (folder) => {
    const all = await spikeletJson(folder, [...QUICK_TRAIN, "--name", "all"]);
    const more = await spikeletJson(folder, [...QUICK_TRAIN, "--name", "more", "--limit", "61"]);
    assert.equal(more.trainSamples, 60);
    assert.equal(more.weightsSha256, all.weightsSha256);
  });
});

Deno.test("train refuses an output that it cannot write, before it trains", async (t) => {
  await inFolderWithData(async (folder) => {
    await inTemporaryFolder(async (elsewhere) => {
      const refuses = (name: string, args: string[], message: RegExp, permissions?: string[]) =>
        t.step(name, async () => {
          assertOneLine(await spikelet(folder, [...QUICK_TRAIN, ...args], permissions), 1, message);
          assert.deepEqual(await namesIn(folder), ["data"]);
        });
      const out = join(elsewhere, "model.safetensors");
      await refuses(
        "--out elsewhere",
        ["--out", out],
        /^.*model\.safetensors: Deno may not write it: this task writes below runs\/ only: name a place there, or add a permission: deno run .*--allow-write=runs,\.spikelet,\S+ .* main\.ts train --data data .*--out \S+model\.safetensors$/m,
      );
      await refuses(
        "no folder",
        ["--out", "no/model.safetensors"],
        /^no.model\.safetensors: the folder no does not exist; create it first$/m,
        ["--allow-write=."],
      );
      await refuses("a folder", ["--out", "data"], /^data: this is a folder; expected a file/, [
        "--allow-write=.",
      ]);
      await refuses("no permission", [], /: Deno may not write it; run again with --allow-write=runs/, []);
      await t.step("--out elsewhere, with permission", async () => {
        const { code } = await spikelet(folder, [...QUICK_TRAIN, "--out", out], [
          `--allow-write=.,${elsewhere}`,
        ]);
        assert.equal(code, 0);
        assert.ok((await readModel(out)).spec);
        await Deno.remove(join(folder, "runs"), { recursive: true });
      });
      await t.step("runs is a file", async () => {
        await Deno.writeTextFile(join(folder, "runs"), "");
        assertOneLine(await spikelet(folder, QUICK_TRAIN), 1, /^runs.*\n$/);
        await Deno.remove(join(folder, "runs"));
      });
    });
  });
});

Deno.test("train refuses the name of an existing run, and does not change that run", async () => {
  await inFolderWithData(async (folder) => {
    await spikeletJson(folder, [...QUICK_TRAIN, "--name", "taken"]);
    const model = join(folder, "runs", "taken", "model.safetensors");
    const before = await Deno.readFile(model);
    const again = await spikelet(folder, [...QUICK_TRAIN, "--name", "taken", "--seed", "5"]);
    assertOneLine(
      again,
      1,
      /^runs.taken: there is a finished run of this name already: choose another --name, remove that one: deno task runs rm taken, or train it for more epochs: deno task train --resume taken --epochs NUMBER$/m,
    );
    assert.deepEqual(await Deno.readFile(model), before);
  });
});

Deno.test("train exits 1 when it diverges, and saves no model", async () => {
  await inFolderWithData(async (folder) => {
    const run = await spikelet(folder, [
      ...[
        ...QUICK_TRAIN,
        "--penalty",
        "3e38",
        "--threshold",
        "-3",
        "--epochs",
        "2",
        "--name",
        "wild",
        "--quiet",
      ],
    ]);
    assertOneLine(
      run,
      1,
      /^epoch 1, batch 1: the loss is NaN: training diverged; try a lower --learning-rate, or --clip 1$/m,
    );
    const directory = join(folder, "runs", "wild");
    assert.ok(!(await namesIn(directory)).includes("model.safetensors"));
    assert.equal(recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json")))).state, "failed");
  });
});

Deno.test("train exits 130 at once on SIGINT", async () => {
  await inFolderWithData(async (folder) => {
    const child = command(folder, [...QUICK_TRAIN, "--epochs", "10000", "--name", "long"]).spawn();
    const metrics = join(folder, "runs", "long", "metrics.jsonl");
    await until(async () => await sizeOf(metrics) > 0);
    child.kill("SIGINT");
    const { code, stderr } = await child.output();
    assert.equal(code, 130, new TextDecoder().decode(stderr));
  });
});

Deno.test("train gives the same bits with --no-skip and --no-tune, in float32 and with --precision i16", async () => {
  await inFolderWithData(async (folder) => {
    const hash = async (...options: string[]) => {
      const args = ["train", "--data", "data", "--steps", "20", "--batch-size", "20", ...options];
      return (await spikeletJson(folder, args)).weightsSha256;
    };
    const float = await hash();
    assert.equal(await hash("--no-skip"), float);
    assert.equal(await hash("--no-tune"), float);
    const integer = await hash("--precision", "i16", "--name", "integer");
    assert.notEqual(integer, float);
    assert.equal(await hash("--precision", "i16", "--no-skip", "--no-tune", "--threads", "1"), integer);
    const cache = recordOf(JSON.parse(await Deno.readTextFile(join(folder, ".spikelet", "tuning.json"))));
    assert.deepEqual(Object.keys(cache), ["machine", "f32", "i16"]);
    await Deno.writeTextFile(join(folder, ".spikelet", "tuning.json"), "{ damaged");
    assert.equal(await hash("--precision", "i16"), integer);

    // evaluate takes the model's precision.
    const { test } = await spikeletJson(folder, ["evaluate", "integer", "--data", "data"]);
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "integer", "run.json"))));
    assert.deepEqual(test, recordOf(record.result).test);
    const info = await spikeletJson(folder, ["info"]);
    assert.ok(recordOf(recordOf(recordOf(info.tuning).tiles).i16).tile);
  });
});
