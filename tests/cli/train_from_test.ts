import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeModel, readModel } from "../../src/network/model_file.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { lifNetwork } from "../../src/network/presets.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const STILL = ["--epochs", "1", "--learning-rate", "0", "--threads", "1", "--data", "data"];

Deno.test("train --from trains a run's or a file's network on from its weights, and a run so begun is resumed", async () => {
  await inFolderWithData(async (folder) => {
    const first = await spikeletJson(folder, [
      ...["train", "--model", "lif", "--hidden", "12", "--steps", "5", "--epochs", "2", "--batch-size", "10"],
      ...["--data", "data", "--threads", "1", "--name", "first"],
    ]);
    // With a learning rate next to nothing, the weights stay what they were.
    const tiny = STILL.with(3, "1e-12");
    const still = await spikeletJson(folder, ["train", "--from", "first", ...tiny, "--name", "still"]);
    assert.equal(recordOf(still.test).loss, recordOf(first.test).loss);
    const model = await readModel(join(folder, "runs/still/model.safetensors"));
    assert.deepEqual([model.metadata.model, model.metadata.start], ["lif", "from first"]);
    const { options } = JSON.parse(await Deno.readTextFile(join(folder, "runs/still/run.json")));
    assert.equal(options.startFrom, "first");
    const file = "runs/first/model.safetensors";
    const moved = await spikeletJson(folder, [
      ...["train", "--from", file, "--epochs", "2", "--batch-size", "10", "--data", "data", "--threads", "1"],
      ...["--name", "moved"],
    ]);
    assert.notEqual(moved.weightsSha256, first.weightsSha256);
    const short = await spikeletJson(folder, [
      ...["train", "--from", file, "--epochs", "1", "--batch-size", "10", "--data", "data", "--threads", "1"],
      ...["--name", "short"],
    ]);
    assert.notEqual(short.weightsSha256, moved.weightsSha256);
    const resumed = await spikeletJson(folder, ["train", "--resume", "short", "--epochs", "2"]);
    assert.equal(resumed.weightsSha256, moved.weightsSha256);
  });
});

Deno.test("train --from matches classes by their names, and says where data have none, and refuses more than it has", async () => {
  await inFolderWithData(async (folder) => {
    const spec = lifNetwork({ hidden: 8, steps: 4 }), parameters = initialParameters(spec, 1);
    const write = (name: string, classes: readonly string[]) =>
      Deno.writeFile(join(folder, name), encodeModel({ spec, parameters, classes, metadata: {} }));
    const digits = Array.from({ length: 10 }, (_, i) => String(i));
    await write("reversed.safetensors", digits.toReversed());
    const { test } = await spikeletJson(folder, [
      ...["train", "--from", "reversed.safetensors", ...STILL.with(3, "1e-12"), "--name", "reversed"],
    ]);
    assert.equal(recordOf(test).total, 20);
    const { classes } = await readModel(join(folder, "runs/reversed/model.safetensors"));
    assert.deepEqual(classes, digits.toReversed());
    // These data name no classes: that theirs are the model's is said.
    await write("letters.safetensors", [..."abcdefghij"]);
    const { code, stderr } = await spikelet(folder, [
      ...["train", "--from", "letters.safetensors", ...STILL.with(3, "1e-12"), "--name", "letters"],
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /names no classes: its labels are taken in the order of the model's, a, b, c/);
    const few = lifNetwork({ hidden: 8, steps: 4, classes: 3 });
    await Deno.writeFile(
      join(folder, "few.safetensors"),
      encodeModel({ spec: few, parameters: initialParameters(few, 1), metadata: {} }),
    );
    assertOneLine(
      await spikelet(folder, ["train", "--from", "few.safetensors", "--data", "data"]),
      1,
      /^few\.safetensors: .*3 classes/,
    );
  });
});

Deno.test("train --from refuses in one line what the model says, and models that are not there", async () => {
  await inFolderWithData(async (folder) => {
    await spikeletJson(folder, [
      ...["train", "--hidden", "4", "--steps", "3", "--data", "data", "--threads", "1", "--name", "first"],
    ]);
    for (
      const [args, exitCode, message] of [
        [["first", "--hidden", "5"], 2, /^--hidden: means nothing with --from, whose model has/],
        [["first", "--network", "x.json"], 2, /^--network: means nothing with --from/],
        [["first", "--init", "rate"], 2, /^--init: means nothing with --from/],
        [["first", "--standardize"], 2, /^--standardize: means nothing with --from/],
        [["first", "--resume", "first"], 2, /^--from: not beside --resume/],
        [["second"], 1, /^second: no model there: expected a run's name/],
        [["data/train-images-idx3-ubyte"], 1, /train-images-idx3-ubyte/],
      ] as const
    ) {
      assertOneLine(
        await spikelet(folder, ["train", "--data", "data", "--from", ...args]),
        exitCode,
        message,
      );
    }
  });
});
