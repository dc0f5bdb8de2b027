/**
 * Files of format spikelet/1, which version 0.1.0 wrote, are read for ever.
 *
 * `tests/reference/spikelet1/` has a network's description, the run that `train --network` made of it, stopped after one epoch, the
 * answers of its model by the plain kernels, and the model that its second epoch gave.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Classifier } from "../../src/classify/classifier.ts";
import { areEvents } from "../../src/data/events.ts";
import { readTensors } from "../../src/data/tensor_file.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { hashParameters, readModel } from "../../src/network/model_file.ts";
import { readNetwork } from "../../src/network/network_file.ts";
import { readCheckpoint } from "../../src/runs/read_checkpoint.ts";
import { assertClose } from "../asm/numbers.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { spikeletJson } from "./spikelet.ts";
import expected from "../reference/spikelet1/answers.json" with { type: "json" };

const FORMER = fileURLToPath(new URL("../reference/spikelet1", import.meta.url));

Deno.test("a model of spikelet/1 answers what it answered, to the bit", async () => {
  const model = await readModel(join(FORMER, "run", "model.safetensors"));
  assert.deepEqual(model.spec, await readNetwork(join(FORMER, "network.json")));
  assert.equal(await hashParameters(model.parameters), expected.model);
  const classifier = new Classifier(model, { kernels: await loadKernels("plain") });
  const samples = await readTensors(join(FORMER, "data", "test.safetensors"));
  const { features, size } = samples;
  assert.ok(!areEvents(features));
  const answers = Array.from({ length: samples.count }, (_, i) => {
    const { name, probabilities, spikes } = classifier.classify(
      features.subarray(i * size, (i + 1) * size),
    );
    return { name, probabilities, spikes };
  });
  assert.deepEqual(answers, expected.answers);
});

Deno.test("a checkpoint of spikelet/1 holds what it held", async () => {
  const { state, progress } = await readCheckpoint(
    join(FORMER, "run", "checkpoints", "previous.safetensors"),
  );
  assert.deepEqual([progress.epoch, progress.batch, state.updates], [1, 3, 3]);
  assert.equal(await hashParameters(state.parameters), expected.checkpoint);
  assert.deepEqual([...state.moments.keys()], ["mean", "square"]);
});

Deno.test("a run of spikelet/1 resumes to what it became, from the middle of an epoch and from its end", async () => {
  await inTemporaryFolder(async (folder) => {
    await copy(join(FORMER, "data"), join(folder, "data"));
    for (const name of ["ended", "between"]) await copy(join(FORMER, "run"), join(folder, "runs", name));
    for (const file of ["last", "best"]) {
      await Deno.remove(join(folder, "runs", "between", "checkpoints", `${file}.safetensors`));
    }
    const became = await readModel(join(FORMER, "resumed.safetensors"));
    for (const name of ["ended", "between"]) {
      const summary = await spikeletJson(folder, ["train", "--resume", name, "--epochs", "2", "--quiet"]);
      assert.equal(summary.trainedEpochs, 2, name);
      // Kernels of other versions sum in other orders, and plain ones round otherwise.
      const { parameters } = await readModel(join(folder, "runs", name, "model.safetensors"));
      for (const [tensor, values] of became.parameters) {
        assertClose(parameters.get(tensor)!, values, `${name}: ${tensor}`, { absolute: 1e-5 });
      }
    }
  });
});

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}
