import assert from "node:assert/strict";
import { join } from "node:path";
import { readModel } from "../../src/network/model_file.ts";
import { serializeSafetensors } from "../../src/network/safetensors.ts";
import { greyFile } from "../data/png_files.ts";
import { idxBytes } from "../data/idx_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { FILES, imageBytes } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const QUICK = ["train", "--steps", "6", "--hidden", "5", "--batch-size", "25", "--threads", "1"];

Deno.test("train follows the size and the classes of four IDX files, and evaluate measures on them", async () => {
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
    assert.deepEqual([spec.inputs, spec.layers.at(-1)?.units], [117, 3]);
    const run = join("runs", "small");
    const models = ["small", join(run, "model.safetensors"), join(run, "checkpoints", "last.safetensors")];
    for (const model of models) {
      const again = await spikeletJson(folder, ["evaluate", model, "--threads", "1"]);
      assert.deepEqual(again.test, test, `${model}, on the data of its run`);
    }
    // Outside its run it is measured on MNIST, which it cannot be.
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

Deno.test("train learns from a folder of pictures, and evaluate measures on digits that somebody drew at any size", async () => {
  await inTemporaryFolder(async (folder) => {
    // A bar at the left or at the right, light on dark, of several sizes.
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
  });
});

Deno.test("train tells what sequences need, and that they cannot be augmented", async () => {
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
      /^seed: its network takes 3 numbers a sample, for its encoder is noise, but data.train\.safetensors has sequences of 6 steps of 3: .*; sequences are for the encoders direct and delta \(docs.networks\.md\)$/m,
    );
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["data"]);
  });
});
