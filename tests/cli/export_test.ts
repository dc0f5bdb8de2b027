import assert from "node:assert/strict";
import { join } from "node:path";
import { Classifier } from "../../src/classify/classifier.ts";
import { decodeModel, encodeModel, hashParameters } from "../../src/network/model_file.ts";
import { lifNetwork } from "../../src/network/presets.ts";
import { kernels, modelOf } from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { withServer } from "./server.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const MODEL = modelOf(lifNetwork({ hidden: 40, steps: 5 }), { seed: "3", bytes: "pixels", accuracy: "0.5" });

/** Runs a test in a folder with a run, and data. */
async function withRun(test: (folder: string) => Promise<void>): Promise<void> {
  await inFolderWithData(async (folder) => {
    await Deno.mkdir(join(folder, "runs", "small"), { recursive: true });
    await Deno.writeFile(join(folder, "runs", "small", "model.safetensors"), encodeModel(MODEL));
    await test(folder);
  });
}

Deno.test("export --to safetensors-int8 writes a model of a quarter of the size beside the run, which evaluate measures", async () => {
  await withRun(async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, ["export", "small", "--to", "safetensors-int8"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^runs.small.model\.safetensors: 784-40-10, 5 steps\n/);
    assert.match(
      stdout,
      /^runs.small\.int8\.safetensors: [\d,]+ bytes\n2\d % of the [\d,]+ bytes in float32\n$/m,
    );
    const path = join("runs", "small.int8.safetensors");
    const { parameters, metadata } = decodeModel(await Deno.readFile(join(folder, path)), "small");
    assert.deepEqual(metadata, {
      seed: "3",
      bytes: "pixels",
      weights: "int8",
      weightsSha256: await hashParameters(parameters),
    });
    const own = ["--data", "data", "--threads", "1"];
    const [whole, rounded] = [
      recordOf((await spikeletJson(folder, ["evaluate", "small", ...own])).test),
      recordOf((await spikeletJson(folder, ["evaluate", path, ...own])).test),
    ];
    assert.equal(rounded.total, whole.total);
    assert.ok(Math.abs(Number(rounded.loss) - Number(whole.loss)) < 0.02);
    assert.notEqual(rounded.loss, whole.loss);
  });
});

Deno.test("export writes where --out says, again over its own file, and says so as JSON", async () => {
  await withRun(async (folder) => {
    const args = ["export", "small", "--to", "safetensors-int8", "--out", join("runs", "mine.safetensors")];
    const { out, to, bytes } = await spikeletJson(folder, args);
    assert.deepEqual([out, to], [join("runs", "mine.safetensors"), "safetensors-int8"]);
    assert.equal((await Deno.stat(join(folder, String(out)))).size, bytes);
    await spikeletJson(folder, args);
  });
});

Deno.test("serve answers with a model of int8", async () => {
  const body = new Uint8Array(784).fill(100), headers = { "content-type": "application/octet-stream" };
  const rounded = decodeModel(encodeModel(MODEL, { weights: "int8" }), "small");
  const { label } = new Classifier(rounded, { kernels }).classify(body);
  await withServer(
    [],
    async ({ url }) => {
      const response = await fetch(`${url}/classify`, { method: "POST", headers, body });
      assert.equal((await response.json()).label, label);
    },
    undefined,
    MODEL,
    { weights: "int8" },
  );
});

Deno.test("export --to onnx writes either form beside the run, over its own file alone, and says what it takes", async () => {
  await withRun(async (folder) => {
    const path = join(folder, "runs", "small.onnx"), to = ["export", "small", "--to", "onnx"];
    const { code, stdout, stderr } = await spikelet(folder, [...to, "--single-step", "--record-states"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^single-step, ONNX opset 17, IR version 8\ninput pixels: uint8 \[batch, 784\], /m);
    assert.match(stdout, /^output neuron1\.potentials: float \[batch, 40\], u, after the reset$/m);
    const { bytes, notes } = await spikeletJson(folder, to);
    assert.equal((await Deno.stat(path)).size, bytes);
    assert.ok(Array.isArray(notes) && String(notes[0]).startsWith("sequence, ONNX"));
    await Deno.writeTextFile(path, "mine");
    assertOneLine(
      await spikelet(folder, to),
      1,
      /^runs.small\.onnx: this file is there already, and is not an ONNX/,
    );
    assertOneLine(
      await spikelet(folder, [...to, "--single-step", "--sequence"]),
      2,
      /^option '--single-step' cannot be used with option '--sequence'/,
    );
    assertOneLine(
      await spikelet(folder, ["export", "small", "--to", "safetensors-int8", "--record-states"]),
      2,
      /^--record-states: means nothing for --to safetensors-int8: leave it out/,
    );
  });
});

Deno.test("export refuses what it cannot do in one line", async () => {
  await withRun(async (folder) => {
    const exporting = (...args: string[]) => spikelet(folder, ["export", ...args]);
    const to = ["--to", "safetensors-int8"];
    assertOneLine(await exporting("small"), 2, /^required option '--to <format>' not specified/);
    assertOneLine(await exporting("small", "--to", "int8"), 2, /^--to int8: expected .*safetensors-int8/);
    assertOneLine(await exporting("none", ...to), 1, /^none: no model there/);
    assertOneLine(
      await exporting("small", ...to, "--out", join("runs", "m.bin")),
      1,
      /^runs.m\.bin: expected a name that ends in \.safetensors, for a model is written there/,
    );
    assertOneLine(
      await exporting("small", ...to, "--out", "m.safetensors"),
      1,
      /^m\.safetensors: Deno may not write it: this task writes below runs\/ only/,
    );
  });
  await inTemporaryFolder(async (folder) => {
    assertOneLine(
      await spikelet(folder, ["export", "--to", "safetensors-int8"]),
      2,
      /^export: expected a run/,
    );
  });
});
