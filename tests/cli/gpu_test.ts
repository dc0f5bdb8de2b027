import assert from "node:assert/strict";
import { join } from "node:path";
import { CHOICES_FILE, writeChoices } from "../../src/engine/auto_file.ts";
import { sizeOfEngine, thisMachine } from "../../src/engine/create_engine.ts";
import { chooseAdapter } from "../../src/engine/gpu/adapter.ts";
import { notebookNetwork, wideNetwork } from "../../src/network/presets.ts";
import { PRESETS } from "../../src/training/presets.ts";
import { gpuTest } from "../engine/gpu/gpu.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, command, type Outcome, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

/** A short run on the small data set. */
const TRAIN = ["train", "--data", "data", "--hidden", "6", "--steps", "5", "--batch-size", "50"];

/** The environment in which Deno finds no adapter. */
const NO_ADAPTER = {
  DENO_WEBGPU_BACKEND: "vulkan",
  VK_ICD_FILENAMES: "/nonexistent",
  VK_DRIVER_FILES: "/nonexistent",
};

/** The message of a missing adapter; older Denos have no working WebGPU. */
const MISSING = /(no GPU adapter was found: |this runtime has no WebGPU that works )/;

/** Runs the command line without an adapter. */
async function withoutAdapter(folder: string, args: readonly string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await command(folder, args, undefined, NO_ADAPTER).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Records in the folder that hybrid was the fastest for {@linkcode TRAIN}. */
async function rememberHybrid(folder: string): Promise<void> {
  const size = sizeOfEngine({ spec: notebookNetwork({ hidden: 6, steps: 5 }), batchSize: 50 });
  const choice = { engine: "hybrid" as const, reason: "a test says so" };
  await writeChoices({ machine: thisMachine(), choices: { [size]: choice } }, join(folder, CHOICES_FILE));
}

Deno.test("train without an adapter takes wasm and does not mention a GPU", async () => {
  await inFolderWithData(async (folder) => {
    const { code, stdout, stderr } = await withoutAdapter(folder, TRAIN);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^WASM/m);
    assert.doesNotMatch(stdout, /untried/);
  });
});

Deno.test("tune without an adapter records wasm, for a preset and for a run", async () => {
  await inFolderWithData(async (folder) => {
    await spikeletJson(folder, [...TRAIN, "--name", "a", "--quiet"]);
    const ofRun = await withoutAdapter(folder, ["tune", "a"]);
    assert.deepEqual([ofRun.code, ofRun.stderr], [0, ""]);
    assert.match(ofRun.stdout, /^a batch of 50 of 784-6-10, 5 steps\nauto takes wasm: .*GPU/);
    const { stdout } = await withoutAdapter(folder, ["tune", "--model", "wide", "--json"]);
    assert.equal(JSON.parse(stdout).engine, "wasm");
    const { machine, choices } = JSON.parse(await Deno.readTextFile(join(folder, CHOICES_FILE)));
    assert.equal(machine, thisMachine());
    const sizes = [{ spec: notebookNetwork({ hidden: 6, steps: 5 }), batchSize: 50 }, {
      spec: wideNetwork(),
      batchSize: PRESETS.wide.recipe.batchSize,
    }].map(sizeOfEngine);
    assert.deepEqual(Object.keys(choices), sizes);
    assertOneLine(await spikelet(folder, ["tune", "a", "--model", "wide"]), 2, /^--model: .*beside a run/m);
    assertOneLine(await spikelet(folder, ["tune", "b"]), 1, /there is no run of this name/);
  });
});

for (const engine of ["hybrid", "webgpu"]) {
  Deno.test(`train --engine ${engine} without an adapter exits 1 and says what to do`, async () => {
    await inFolderWithData(async (folder) => {
      const outcome = await withoutAdapter(folder, [...TRAIN, "--engine", engine]);
      assertOneLine(outcome, 1, new RegExp(`^${MISSING.source}.*--engine wasm$`, "m"));
    });
  });

  Deno.test(`train --engine ${engine} --precision i16 is a usage error`, async () => {
    await inFolderWithData(async (folder) => {
      const outcome = await spikelet(folder, [...TRAIN, "--engine", engine, "--precision", "i16"]);
      assertOneLine(outcome, 2, /^--precision i16: .*computes in f32/m);
    });
  });

  gpuTest(`train and evaluate --engine ${engine} record the engine and the adapter of a run`, async () => {
    await inFolderWithData(async (folder) => {
      const run = await spikeletJson(folder, [
        ...TRAIN,
        "--engine",
        engine,
        "--gpu-memory",
        "64",
        "--name",
        "a",
      ]);
      assert.equal(run.engine, engine);
      const record = JSON.parse(await Deno.readTextFile(join(folder, "runs", "a", "run.json")));
      assert.match(
        record.sessions[0].kernels,
        new RegExp((await chooseAdapter()).description.name.slice(0, 8)),
      );
      assert.equal(record.options.gpuMemory, 64);
      const { test } = await spikeletJson(folder, ["evaluate", "a", "--data", "data", "--engine", engine]);
      assert.deepEqual(test, run.test);
    });
  });
}

gpuTest(
  "train --resume refuses a run whose GPU is missing, and continues it with --engine",
  async () => {
    await inFolderWithData(async (folder) => {
      await spikeletJson(folder, [...TRAIN, "--engine", "hybrid", "--name", "a"]);
      const resume = ["train", "--resume", "a", "--epochs", "2"];
      assertOneLine(await withoutAdapter(folder, resume), 1, new RegExp(`^${MISSING.source}`, "m"));
      const { code, stderr } = await withoutAdapter(folder, [...resume, "--engine", "wasm"]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^the run was begun with kernels .*from here on its bits may be others$/m);
      const record = JSON.parse(await Deno.readTextFile(join(folder, "runs", "a", "run.json")));
      assert.deepEqual([record.options.engine, record.result.engine], ["wasm", "wasm"]);
    });
  },
);

gpuTest("train --engine auto takes the recorded engine", async () => {
  await inFolderWithData(async (folder) => {
    await rememberHybrid(folder);
    assert.equal((await spikeletJson(folder, TRAIN)).engine, "hybrid");
    assert.equal((await spikeletJson(folder, [...TRAIN, "--no-tune"])).engine, "wasm");
  });
});

Deno.test("train takes wasm, and says so, if the recorded GPU is missing", async () => {
  await inFolderWithData(async (folder) => {
    await rememberHybrid(folder);
    const { code, stdout, stderr } = await withoutAdapter(folder, [...TRAIN, "--json", "--name", "a"]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`^auto continues with wasm: ${MISSING.source}`, "m"));
    assert.equal(recordOf(JSON.parse(stdout)).engine, "wasm");
    const record = JSON.parse(await Deno.readTextFile(join(folder, "runs", "a", "run.json")));
    assert.match(record.sessions[0].notices[0], /^auto continues with wasm: /);
    assert.match(record.sessions[0].kernels, /^WASM/);
  });
});

Deno.test("info says that there is no adapter and that auto takes wasm", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stdout } = await withoutAdapter(folder, ["info"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^ +hybrid: not here: ${MISSING.source}`, "m"));
    assert.match(stdout, /^ +auto takes wasm: no GPU adapter is found here$/m);
    assert.match(stdout, /^GPU +(no adapter is found: |this runtime has no WebGPU that works: )/m);
    const json = JSON.parse((await withoutAdapter(folder, ["info", "--json"])).stdout);
    assert.deepEqual([json.auto, json.gpu.available], ["wasm", false]);
  });
});
