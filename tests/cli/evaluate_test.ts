import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeModel } from "../../src/network/model_file.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { parseSafetensors, serializeSafetensors } from "../../src/network/safetensors.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, recordOf, referencePath, spikelet, spikeletJson } from "./spikelet.ts";

const EVALUATE = ["--data", "data", "--threads", "1"];

/** An untrained model. */
function modelBytes(spec: NetworkSpec): Uint8Array<ArrayBuffer> {
  return encodeModel({ spec, parameters: initialParameters(spec, 0), metadata: {} });
}

Deno.test("evaluate finds a model by the name, folder and file of its run, and gives the run's figures", async () => {
  await inFolderWithData(async (folder) => {
    const run = await spikeletJson(folder, [
      ...[
        "train",
        "--steps",
        "20",
        "--seed",
        "12",
        "--epochs",
        "3",
        "--batch-size",
        "20",
        "--name",
        "twelve",
      ],
      ...["--data", "data", "--threads", "2"],
    ]);
    const directory = join("runs", "twelve");
    const file = join(directory, "model.safetensors");
    for (const name of ["twelve", directory, join(folder, file)]) {
      const { model, test, seed, engine } = await spikeletJson(folder, ["evaluate", name, ...EVALUATE]);
      assert.ok(String(model).endsWith(file));
      assert.deepEqual([test, seed, engine], [run.test, 12, "wasm"]);
    }
    const other = await spikeletJson(folder, ["evaluate", "twelve", ...EVALUATE, "--seed", "13"]);
    assert.notEqual(recordOf(other.test).loss, recordOf(run.test).loss, "other noise");

    const { code, stdout } = await spikelet(folder, ["evaluate", "twelve", ...EVALUATE]);
    assert.equal(code, 0);
    const { accuracy, correct } = recordOf(run.test);
    assert.match(stdout, /^runs.twelve.model\.safetensors: 784-100-10, 20 steps$/m);
    assert.match(
      stdout,
      new RegExp(`^Accuracy +${(100 * Number(accuracy)).toFixed(2)} %: ${correct} of 20 test images$`, "m"),
    );
  });
});

Deno.test("evaluate refuses a damaged model with one line", async (t) => {
  await inFolderWithData(async (folder) => {
    const spec = notebookNetwork({ hidden: 3, steps: 4 });
    const good = modelBytes(spec);
    const changed = (change: (values: Float32Array) => void) => {
      const { tensors, metadata } = parseSafetensors(good.slice(), "model");
      const tensor = tensors.get("fc2.weight");
      assert.ok(tensor?.dtype === "F32");
      change(tensor.data);
      return serializeSafetensors(tensors, metadata);
    };
    const flipped = good.slice();
    flipped[9] = 0xff;
    const damages: [name: string, bytes: Uint8Array, message: RegExp][] = [
      ["cut short", good.slice(0, -10), /^model\.safetensors: /],
      [
        "cut in its header",
        good.slice(0, 40),
        /^model\.safetensors: its header is said to have .* cut short/,
      ],
      ["empty", new Uint8Array(0), /^model\.safetensors: 0 bytes, /],
      ["a flipped byte in its header", flipped, /^model\.safetensors: /],
      [
        "something else",
        new TextEncoder().encode("<!DOCTYPE html><html></html>"),
        /^model\.safetensors: its header /,
      ],
      [
        "a NaN",
        changed((values) => values.fill(NaN, 5, 6)),
        /^model\.safetensors: tensor fc2\.weight: value 5 is NaN, /,
      ],
      [
        "a reference case",
        await Deno.readFile(referencePath("small")),
        /^model\.safetensors: its metadata name no format/,
      ],
      [
        "a network for other data",
        modelBytes(notebookNetwork({ inputs: 12, hidden: 3, steps: 4 })),
        /^model\.safetensors: its network takes 12 numbers a sample, for its encoder is noise, but data test has 784: /,
      ],
      [
        "a network for fewer classes",
        modelBytes(notebookNetwork({ classes: 5, hidden: 3, steps: 4 })),
        /^model\.safetensors: its network has 5 classes, but data.t10k-labels-idx1-ubyte has label 5 at 5: /,
      ],
    ];
    for (const [name, bytes, message] of damages) {
      await t.step(name, async () => {
        await Deno.writeFile(join(folder, "model.safetensors"), bytes);
        assertOneLine(await spikelet(folder, ["evaluate", "model.safetensors", ...EVALUATE]), 1, message);
      });
    }
  });
});

Deno.test("evaluate refuses a run that does not exist, and a folder without a model, with one line", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(join(folder, "empty"));
    for (const name of ["nowhere", "empty"]) {
      assertOneLine(
        await spikelet(folder, ["evaluate", name]),
        1,
        new RegExp(
          `^${name}: no model there: expected a run's name, a folder with model.safetensors, or such a file$`,
          "m",
        ),
      );
    }
  });
});

Deno.test("evaluate without a run names the latest finished ones, and takes those names", async () => {
  await inFolderWithData(async (folder) => {
    const train = ["train", "--steps", "5", "--hidden", "4", ...EVALUATE];
    for (const name of ["a", "b", "c", "d"]) await spikeletJson(folder, [...train, "--name", name]);
    await spikelet(folder, [...train, "--penalty", "3e38", "--threshold", "-3", "--name", "wild"]);
    const message =
      /^evaluate: expected a run, of which the latest is d \(before it c, b\): deno task evaluate d$/m;
    assertOneLine(await spikelet(folder, ["evaluate"]), 2, message);
    assertOneLine(
      await spikelet(folder, ["report"]),
      2,
      /^report: expected a run, of which the latest is wild \(before it d, c\): deno task report wild$/m,
    );
    await spikeletJson(folder, ["evaluate", "d", ...EVALUATE]);
  });
});
