import assert from "node:assert/strict";
import { join } from "node:path";
import { readModel } from "../../src/network/model_file.ts";
import { readCheckpoint } from "../../src/runs/read_checkpoint.ts";
import { loadDataSet } from "../../src/runs/run.ts";
import { splitSamples } from "../../src/training/split.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const QUICK = ["train", "--data", "data", "--steps", "12", "--hidden", "15", "--batch-size", "25"];

Deno.test("train records the optimizer, the augmentation and the start, and gives the same bits on any threads", async () => {
  await inFolderWithData(async (folder) => {
    const recipe = [
      ...["--optimizer", "adamw", "--learning-rate", "0.01", "--beta2", "0.99", "--clip", "0.5"],
      ...["--augment", "shift=1,rotate,elastic=0.5", "--init-rate", "0.2"],
    ];
    const run = (threads: string, name: string, more: readonly string[] = recipe) =>
      spikeletJson(folder, [...QUICK, ...more, "--threads", threads, "--name", name]);
    const first = await run("1", "first");
    assert.equal((await run("3", "second")).weightsSha256, first.weightsSha256);

    const step = {
      kind: "adamw",
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      weightDecay: 0.01,
      clip: 0.5,
    };
    const augmentation = { shift: 1, rotate: 10, elastic: 0.5 };
    const directory = join(folder, "runs", "first");
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json"))));
    const options = recordOf(record.options);
    assert.deepEqual([options.step, options.augmentation, options.startRate], [step, augmentation, 0.2]);
    assert.ok(Array.isArray(record.start) && record.start.length === 1);
    const [layer] = record.start.map(recordOf);
    assert.ok(layer?.reached === true && Math.abs(Number(layer.rate) - 0.2) <= 0.01);

    const { metadata } = await readModel(join(directory, "model.safetensors"));
    assert.deepEqual(JSON.parse(metadata.optimizer ?? ""), step);
    assert.deepEqual(JSON.parse(metadata.augmentation ?? ""), augmentation);
    assert.equal(metadata.start, "rate 0.2");

    assert.notEqual((await run("2", "third", recipe.toSpliced(8, 2))).weightsSha256, first.weightsSha256);
  });
});

Deno.test("train measures, saves and records a moving average of weights, and resumes it to the same bits", async () => {
  await inFolderWithData(async (folder) => {
    const averaged = [...QUICK, "--validation", "0.2", "--ema", "0.9"];
    const run = (args: readonly string[]) => spikeletJson(folder, args);
    const whole = await run([...averaged, "--epochs", "3", "--threads", "1", "--name", "whole"]);
    await run([...averaged, "--epochs", "1", "--threads", "3", "--name", "parts"]);
    const checkpoint = join(folder, "runs", "parts", "checkpoints", "last.safetensors");
    const { parameters } = await readModel(join(folder, "runs", "parts", "model.safetensors"));
    const { state } = await readCheckpoint(checkpoint);
    assert.deepEqual(state.average, parameters);
    assert.notDeepEqual(state.parameters, parameters);
    const parts = await run(["train", "--resume", "parts", "--epochs", "3", "--threads", "2"]);
    for (const field of ["weightsSha256", "validation", "test"]) {
      assert.deepEqual(parts[field], whole[field], field);
    }
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "whole", "run.json"))));
    assert.equal(recordOf(recordOf(record.options).step).ema, 0.9);
    const plain = await run([
      ...averaged,
      "--ema",
      "0",
      "--epochs",
      "3",
      "--threads",
      "1",
      "--name",
      "plain",
    ]);
    assert.notEqual(plain.weightsSha256, whole.weightsSha256);
    const { stdout } = await spikelet(folder, ["runs", "--where", "ema=0.9"], []);
    assert.match(stdout, /whole/);
    assert.doesNotMatch(stdout, /plain/);
  });
});

Deno.test("train prints the firing rates of layers whose weights start from the data", async () => {
  await inFolderWithData(async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, [...QUICK, "--init", "rate", "--threads", "1"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^units fire at a step: layer 1 at (9\.\d|10\.\d)\d? %, weights × \d+\.\d\d$/m);
  });
});

Deno.test("train takes every kind of augmentation, by name or with its size, and resumes with it", async () => {
  await inFolderWithData(async (folder) => {
    const kinds = ["--augment", "shift=1,scale,flip,crop=2,cutout", "--threads", "1"];
    const whole = await spikeletJson(folder, [...QUICK, ...kinds, "--epochs", "2", "--name", "whole"]);
    await spikeletJson(folder, [...QUICK, ...kinds, "--epochs", "1", "--name", "resumed"]);
    const { options } = recordOf(
      JSON.parse(await Deno.readTextFile(join(folder, "runs", "resumed", "run.json"))),
    );
    assert.deepEqual(recordOf(options).augmentation, { shift: 1, scale: 0.1, flip: 0.5, crop: 2, cutout: 8 });
    const resumed = await spikeletJson(folder, ["train", "--resume", "resumed", "--epochs", "2"]);
    assert.equal(resumed.weightsSha256, whole.weightsSha256);
  });
});

Deno.test("compare takes an optimizer and an augmentation for both networks, and the former name of notebook", async () => {
  await inFolderWithData(async (folder) => {
    const compared = await spikeletJson(folder, [
      ...["compare", "--data", "data", "--steps", "8", "--hidden", "9", "--batch-size", "20", "--seeds", "1"],
      ...["--optimizer", "adam", "--augment", "shift", "--threads", "1", "--models", "seed,dense"],
    ]);
    assert.deepEqual(Object.keys(compared), ["notebook", "feed-forward"]);
  });
});

Deno.test("train takes --augment none for a preset with augmentation, and records it in its command", async () => {
  await inFolderWithData(async (folder) => {
    const args = ["--augment", "none", "--decay", "0.8", "--data", "data", "--threads", "1"];
    await spikeletJson(folder, ["train", "--model", "fast", "--epochs", "1", ...args, "--name", "still"]);
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "still", "run.json"))));
    assert.equal(recordOf(record.options).augmentation ?? null, null);
    assert.match(String(record.command), /--augment,none/);
  });
});

Deno.test("train --standardize keeps the mean and the deviation of what it trains on in the model", async () => {
  await inFolderWithData(async (folder) => {
    const args = ["train", "--model", "lif", "--data", "data", "--threads", "1", "--batch-size", "25"];
    const more = ["--standardize", "--validation", "0.5"];
    const whole = await spikeletJson(folder, [...args, ...more, "--epochs", "2", "--name", "whole"]);
    const model = join(folder, "runs", "whole", "model.safetensors");
    const { encoder } = (await readModel(model)).spec.input;
    assert.ok(encoder.kind === "constant" && encoder.offset === 0); // in place of the preset's -0.5

    const { train } = await loadDataSet(join(folder, "data"));
    const { training } = splitSamples(train.count, { seed: 0, validation: 0.5 });
    assert.ok(train.features instanceof Uint8Array);
    const { features } = train;
    const x = [...training].flatMap((i) =>
      Array.from(features.subarray(784 * i, 784 * (i + 1)), (byte) => byte / 255)
    );
    const mean = x.reduce((sum, each) => sum + each, 0) / x.length;
    const deviation = Math.sqrt(x.reduce((sum, each) => sum + (each - mean) ** 2, 0) / x.length);
    assert.ok(Math.abs(encoder.mean![0]! - mean) < 1e-12 && encoder.mean!.length === 1);
    assert.ok(Math.abs(encoder.deviation![0]! - deviation) < 1e-12 && encoder.deviation!.length === 1);

    const again = await spikeletJson(folder, ["evaluate", model, "--data", "data", "--threads", "1"]);
    assert.deepEqual(again.test, whole.test);
    await spikeletJson(folder, [...args, ...more, "--epochs", "1", "--name", "resumed"]);
    const resumed = await spikeletJson(folder, ["train", "--resume", "resumed", "--epochs", "2"]);
    assert.equal(resumed.weightsSha256, whole.weightsSha256);

    assertOneLine(
      await spikelet(folder, ["train", "--model", "notebook", "--standardize", "--data", "data"]),
      2,
      /^standardize: the network's encoder is noise: expected constant or direct/,
    );
    assertOneLine(
      await spikelet(folder, ["train", "--resume", "resumed", "--standardize"]),
      2,
      /^--standardize: not beside --resume: /,
    );
  });
});

Deno.test("train takes --init xavier for a preset with a firing rate", async () => {
  await inFolderWithData(async (folder) => {
    const args = ["train", "--model", "tuned", "--epochs", "1", "--data", "data", "--threads", "1"];
    const { code, stdout, stderr } = await spikelet(folder, [...args, "--init", "xavier"]);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /units fire at a step/);
    const vain = await spikelet(folder, [...args, "--init", "xavier", "--init-rate", "0.2"]);
    assert.equal(vain.code, 2);
    assert.match(vain.stderr, /^--init-rate: means nothing for --init xavier/);
  });
});

Deno.test("train shortens a recipe's warm-up to a short run, and refuses a longer --warm-up", async () => {
  await inFolderWithData(async (folder) => {
    const args = ["train", "--model", "tuned-centred", "--epochs", "1", "--data", "data", "--threads", "1"];
    const { code, stderr } = await spikelet(folder, args);
    assert.equal(code, 0, stderr);
    const longer = await spikelet(folder, [...args, "--warm-up", "200"]);
    assert.notEqual(longer.code, 0);
    assert.match(longer.stderr, /^a warm-up of 200 batches: /m);
  });
});
