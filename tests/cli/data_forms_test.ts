import assert from "node:assert/strict";
import { join } from "node:path";
import { Classifier } from "../../src/classify/classifier.ts";
import { encodeModel, readModel } from "../../src/network/model_file.ts";
import { serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import { structureOf } from "../../src/network/structure.ts";
import { greyFile, pngFile } from "../data/png_files.ts";
import { idxBytes } from "../data/idx_files.ts";
import { assertSelfContained } from "../report/self_contained.ts";
import { COLOUR_MODEL, colourFile, colourPicture, kernels } from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { FILES, imageBytes } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const QUICK = ["train", "--steps", "6", "--hidden", "5", "--batch-size", "25", "--threads", "1"];

Deno.test("train takes the size and the classes of four IDX files, and evaluate measures on them", async () => {
  await inTemporaryFolder(async (folder) => {
    const data = join(folder, "data");
    await Deno.mkdir(data);
    for (
      const [images, labels, count] of [[FILES.trainImages, FILES.trainLabels, 60], [
        FILES.testImages,
        FILES.testLabels,
        20,
      ]] as const
    ) {
      await Deno.writeFile(join(data, images), imageBytes(count, 9, 13));
      await Deno.writeFile(
        join(data, labels),
        idxBytes([count], Array.from({ length: count }, (_, i) => i % 3)),
      );
    }
    const { test } = await spikeletJson(folder, [
      ...QUICK,
      "--data",
      "data",
      "--name",
      "small",
      "--augment",
      "shift=1",
    ]);
    const { spec } = await readModel(join(folder, "runs", "small", "model.safetensors"));
    const { inputs, classes } = structureOf(spec);
    assert.deepEqual([inputs, classes], [117, 3]);
    const run = join("runs", "small");
    const models = ["small", join(run, "model.safetensors"), join(run, "checkpoints", "last.safetensors")];
    for (const model of models) {
      const again = await spikeletJson(folder, ["evaluate", model, "--threads", "1"]);
      assert.deepEqual(again.test, test, `${model}, on the data of its run`);
    }
    // Outside its run, evaluate takes MNIST, which does not fit the model.
    await Deno.copyFile(join(folder, run, "model.safetensors"), join(folder, "copy.safetensors"));
    assertOneLine(
      await spikelet(folder, ["evaluate", "copy.safetensors", "--threads", "1"]),
      1,
      /its network takes 117 numbers a sample, for its encoder is noise, but MNIST test has 784: give --data of that form/,
    );
    const named = await spikeletJson(folder, [
      "evaluate",
      "copy.safetensors",
      "--data",
      "data",
      "--threads",
      "1",
    ]);
    assert.deepEqual(named.test, test);
  });
});

Deno.test("train learns from a folder of pictures, and evaluate measures on drawings of any size", async () => {
  await inTemporaryFolder(async (folder) => {
    // A bar at the left or at the right, light on dark, in several sizes.
    const bar = (side: number, isRight: boolean, isDark = false) =>
      greyFile(
        side,
        side,
        Array.from({ length: side * side }, (_, i) => {
          const x = (i % side) / side;
          const isInk = isRight ? x > 0.6 && x < 0.8 : x > 0.2 && x < 0.4;
          return isInk !== isDark ? 255 : 0;
        }),
      );
    for (const part of ["train", "test", "mine"]) {
      for (const [name, isRight] of [["left", false], ["right", true]] as const) {
        await Deno.mkdir(join(folder, "data", part, name), { recursive: true });
        for (let i = 0; i < 20; i++) {
          const file = join(folder, "data", part, name, `${i}.png`);
          await Deno.writeFile(file, bar(part === "mine" ? 90 + i : 28, isRight, part === "mine"));
        }
      }
    }
    await spikeletJson(folder, [
      ...QUICK,
      "--data",
      "data",
      "--name",
      "bars",
      "--epochs",
      "20",
      "--threshold",
      "0.5",
    ]);
    for (const data of ["data", join("data", "mine")]) {
      const { test } = await spikeletJson(folder, ["evaluate", "bars", "--data", data, "--threads", "1"]);
      const { accuracy, total } = recordOf(test);
      assert.ok(Number(accuracy) > 0.9 && total === 40, `${data}: ${accuracy} of ${total}`);
    }
    // A network of one's own has pictures scaled to its input.
    const nodes = [
      { id: "conv", kind: "conv2d", channels: 4, kernel: [3, 3] },
      { id: "norm", kind: "batchNorm" },
      { id: "lif", kind: "lif" },
      { id: "fc", kind: "affine", units: 2 },
      { id: "out", kind: "integrator" },
    ];
    const spec = { steps: 2, input: { shape: [1, 20, 20], encoder: { kind: "constant" } }, nodes };
    await Deno.writeTextFile(join(folder, "own.json"), JSON.stringify(spec));
    const own = ["train", "--network", "own.json", "--data", "data", "--epochs", "20", "--batch-size", "10"];
    const { test } = await spikeletJson(folder, [...own, "--learning-rate", "0.1", "--threads", "1"]);
    assert.ok(Number(recordOf(test).accuracy) > 0.9);
  });
});

Deno.test("train learns colours of pictures of any size, and evaluate and report take the same", async () => {
  await inTemporaryFolder(async (folder) => {
    // Reddish and greenish pictures of the same brightness.
    const plain = (width: number, height: number, isRed: boolean, i: number) => {
      const colour = isRed ? [200 - i, 20, 30] : [0, 118 - Math.round(0.509 * i), 30];
      return pngFile({
        width,
        height,
        depth: 8,
        colour: 2,
        samples: Array.from({ length: width * height }, () => colour).flat(),
      });
    };
    for (const part of ["train", "test"]) {
      for (const name of ["green", "red"]) {
        await Deno.mkdir(join(folder, "data", part, name), { recursive: true });
        for (let i = 0; i < 25; i++) {
          const width = part === "train" ? 6 : 12;
          const file = plain(width, width * 2 / 3, name === "red", i);
          await Deno.writeFile(join(folder, "data", part, name, `${i}.png`), file);
        }
      }
    }
    const begin = [
      "train",
      "--model",
      "feed-forward",
      "--data",
      "data",
      "--epochs",
      "20",
      "--batch-size",
      "25",
    ];
    const inputsOf = async (name: string) =>
      structureOf((await readModel(join(folder, "runs", name, "model.safetensors"))).spec).inputs;
    const { test } = await spikeletJson(folder, [...begin, "--threads", "1", "--name", "colours"]);
    assert.equal(await inputsOf("colours"), 3 * 4 * 6); // the test pictures are scaled to those
    assert.ok(Number(recordOf(test).accuracy) > 0.95);
    assert.deepEqual((await spikeletJson(folder, ["evaluate", "colours", "--threads", "1"])).test, test);
    assert.equal((await spikelet(folder, ["report", "colours", "--threads", "1"])).code, 0);
    const resumed = await spikeletJson(folder, [
      "train",
      "--resume",
      "colours",
      "--epochs",
      "21",
      "--threads",
      "1",
    ]);
    assert.equal(recordOf(resumed.test).total, 50);

    const grey = await spikeletJson(folder, [
      ...begin,
      "--threads",
      "1",
      "--name",
      "grey",
      "--grey",
      "--side",
      "5",
    ]);
    assert.equal(await inputsOf("grey"), 25);
    assert.deepEqual((await spikeletJson(folder, ["evaluate", "grey", "--threads", "1"])).test, grey.test);

    // A convolutional network has its own shape.
    const nodes = [
      { id: "conv", kind: "conv2d", channels: 2, kernel: [2, 2] },
      { id: "lif", kind: "lif" },
      { id: "fc", kind: "affine", units: 2 },
      { id: "out", kind: "integrator" },
    ];
    const spec = { steps: 2, input: { shape: [3, 5, 7], encoder: { kind: "constant" } }, nodes };
    await Deno.writeTextFile(join(folder, "own.json"), JSON.stringify(spec));
    const own = ["train", "--network", "own.json", "--data", "data", "--batch-size", "10", "--threads", "1"];
    const shaped = await spikeletJson(folder, [...own, "--name", "own"]);
    assert.deepEqual((await spikeletJson(folder, ["evaluate", "own", "--threads", "1"])).test, shaped.test);
    assertOneLine(
      await spikelet(folder, [...own, "--grey"]),
      1,
      /^own: its network takes 105 numbers a sample, .* but data train has 35: give data of this form/m,
    );
  });
});

Deno.test("train refuses --side and --grey for data that are no pictures of a folder", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(join(folder, "data"));
    const bytes = serializeSafetensors([
      ["x", { dtype: "U8", shape: [2, 3, 2, 2], data: new Uint8Array(24) }],
      ["y", { dtype: "I64", shape: [2], data: BigInt64Array.of(0n, 1n) }],
    ]);
    for (const part of ["train", "test"]) {
      await Deno.writeFile(join(folder, "data", `${part}.safetensors`), bytes);
    }
    for (const option of [["--side", "4"], ["--grey"]]) {
      assertOneLine(
        await spikelet(folder, [...QUICK, "--data", "data", ...option]),
        2,
        RegExp(
          `^${
            option.join(" ")
          }: only PNG and JPEG pictures of a folder are changed, and .* has none: leave it out`,
          "m",
        ),
      );
    }
  });
});

Deno.test("train says what sequences need, and that they cannot be augmented", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(join(folder, "data"));
    const bytes = serializeSafetensors([
      ["x", { dtype: "F32", shape: [4, 6, 3], data: new Float32Array(72) }],
      ["y", { dtype: "I64", shape: [4], data: BigInt64Array.of(0n, 1n, 0n, 1n) }],
    ]);
    for (const part of ["train", "test"]) {
      await Deno.writeFile(join(folder, "data", `${part}.safetensors`), bytes);
    }
    assertOneLine(
      await spikelet(folder, [...QUICK, "--data", "data"]),
      1,
      /^notebook: its network takes 3 numbers a sample, for its encoder is noise, but data.train\.safetensors has sequences of 6 steps of 3: .*; sequences are for the encoders direct and delta \(docs.networks\.md\)$/m,
    );
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["data"]);
  });
});

/** Spikes of 0 and 1: class 0 has them in the first half of the channels, class 1 in the second. */
function events(
  count: number,
  steps: number,
  type: "U8" | "F32",
  first = 0,
): readonly (readonly [string, Tensor])[] {
  const channels = 6;
  const values = Array.from({ length: count * steps * channels }, (_, i) => {
    const sample = Math.floor(i / (steps * channels)),
      channel = i % channels,
      step = Math.floor(i / channels) % steps;
    const own = (channel < channels / 2) === (sample % 2 === 0);
    return (7 * sample + 5 * step + 3 * channel) % 11 < (own ? 5 : 1) ? 1 : 0;
  });
  const shape = [count, steps, channels];
  return [
    [
      "x",
      type === "U8"
        ? { dtype: type, shape, data: Uint8Array.from(values) }
        : { dtype: type, shape, data: Float32Array.from(values) },
    ],
    ["y", {
      dtype: "I64",
      shape: [count],
      data: BigInt64Array.from({ length: count }, (_, i) => BigInt(first + i % 2)),
    }],
  ];
}

const lengthsOf = (count: number, length: number): readonly [string, Tensor] => [
  "lengths",
  { dtype: "I64", shape: [count], data: new BigInt64Array(count).fill(BigInt(length)) },
];

Deno.test("train learns small sets of common forms, or says why not", async () => {
  await inTemporaryFolder(async (folder) => {
    const network = {
      inputs: 6,
      steps: 10,
      layers: [{ units: 12, neuron: { kind: "lif" } }, { units: 2, neuron: { kind: "integrator" } }],
    };
    await Deno.writeTextFile(join(folder, "net.json"), JSON.stringify(network));
    const write = async (
      name: string,
      train: Iterable<readonly [string, Tensor]>,
      test: Iterable<readonly [string, Tensor]>,
    ) => {
      await Deno.mkdir(join(folder, name));
      await Deno.writeFile(join(folder, name, "train.safetensors"), serializeSafetensors(train));
      await Deno.writeFile(join(folder, name, "test.safetensors"), serializeSafetensors(test));
    };
    const args = (name: string) => [
      ...[
        "train",
        "--network",
        "net.json",
        "--data",
        name,
        "--batch-size",
        "20",
        "--epochs",
        "6",
        "--name",
        name,
      ],
      ...["--optimizer", "adam", "--learning-rate", "0.02", "--threads", "1", "--no-tune"],
    ];
    await write("floats", events(100, 10, "F32"), events(40, 10, "F32"));
    await write("bytes", events(100, 10, "U8"), events(40, 10, "U8"));
    await write("longer", [...events(100, 10, "U8"), lengthsOf(100, 10)], [
      ...events(40, 12, "U8"),
      lengthsOf(40, 10),
    ]);
    await write("shorter", [...events(100, 10, "U8"), lengthsOf(100, 10)], [
      ...events(40, 8, "U8"),
      lengthsOf(40, 8),
    ]);
    const learned = new Map<string, Record<string, unknown>>();
    for (const name of ["floats", "bytes", "longer", "shorter"]) {
      const run = await spikeletJson(folder, args(name));
      assert.ok(Number(recordOf(run.test).accuracy) > 0.9, `${name}: ${JSON.stringify(run.test)}`);
      learned.set(name, run);
    }
    const sums = [...learned.values()].map(({ weightsSha256 }) => weightsSha256);
    assert.equal(new Set(sums).size, 1, "the same numbers, whatever they are kept in and padded to");
    const { metadata } = await readModel(join(folder, "runs", "bytes", "model.safetensors"));
    assert.equal(metadata.bytes, "numbers");

    // evaluate also takes sequences with other padding.
    for (const name of ["longer", "shorter"]) {
      const { test } = await spikeletJson(folder, ["evaluate", "floats", "--data", name, "--threads", "1"]);
      assert.deepEqual(test, learned.get(name)?.test);
    }

    // evaluate takes bytes as in training.
    await Deno.mkdir(join(folder, "pixels"));
    await Deno.writeFile(
      join(folder, "pixels", "test.safetensors"),
      serializeSafetensors(events(40, 10, "U8"), { bytes: "pixels" }),
    );
    assertOneLine(
      await spikelet(folder, ["evaluate", "bytes", "--data", "pixels", "--threads", "1"]),
      1,
      /model\.safetensors: it learned from bytes that are numbers, but those of .* are pixels: say what they are/,
    );

    const refused = async (name: string, message: RegExp) =>
      assertOneLine(await spikelet(folder, args(name)), 1, message);
    await write("from-1", events(100, 10, "U8", 1), events(40, 10, "U8", 1));
    await refused(
      "from-1",
      /its network has 2 classes, but .* tensor y has label 2 at \d+: it has none that is 0, so they may count from 1: take 1 off each/,
    );
    await write("no-lengths", events(100, 10, "U8"), events(40, 8, "U8"));
    await refused(
      "no-lengths",
      /train\.safetensors has 10 steps of 6 numbers a sample, but .* has 8 steps of 6 .*: give both parts lengths/,
    );
    await write("too-long", [...events(100, 10, "U8"), lengthsOf(100, 10)], [
      ...events(40, 12, "U8"),
      lengthsOf(40, 11),
    ]);
    await refused(
      "too-long",
      /its network takes sequences of 10 steps of 6, .*but .* has sequences of up to 11 steps of 6: give data of this form/,
    );
    await write("other-channels", events(100, 10, "U8"), [
      ["x", { dtype: "U8", shape: [2, 10, 5], data: new Uint8Array(100) }],
      ["y", { dtype: "U8", shape: [2], data: new Uint8Array(2) }],
    ]);
    await refused(
      "other-channels",
      /10 steps of 6 numbers a sample, but .* has 10 steps of 5 .*: take both parts from one source/,
    );
  });
});

Deno.test("evaluate and report measure a network for colours on a folder of PNG pictures in colours", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeFile(join(folder, "colours.safetensors"), encodeModel(COLOUR_MODEL));
    const classifier = new Classifier(COLOUR_MODEL, { kernels });
    const names = new Set<string>();
    for (let i = 0; i < 8; i++) { // each in the folder of the class that the network names
      const { name } = classifier.classify(colourPicture(i)), class_ = join(folder, "pictures", name);
      names.add(name);
      await Deno.mkdir(class_, { recursive: true });
      await Deno.writeFile(join(class_, `${i}.png`), colourFile(i));
    }
    assert.ok(names.size > 1);
    const args = ["colours.safetensors", "--data", "pictures"];
    const { test } = await spikeletJson(folder, ["evaluate", ...args, "--threads", "1"]);
    assert.deepEqual([recordOf(test).correct, recordOf(test).total], [8, 8]);
    const { path } = await spikeletJson(folder, ["report", ...args]);
    const page = assertSelfContained(await Deno.readTextFile(join(folder, String(path))));
    assert.ok(page.querySelectorAll("img.sample.colours").length > 0);
    assert.equal(page.querySelectorAll("#kernels li img").length, 18);
  });
});
