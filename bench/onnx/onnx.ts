/**
 * `deno task bench:onnx`: the presets as ONNX files, run by PyPI's onnxruntime: number by number beside the engine, and how fast.
 *
 * Makes a virtual environment in dist/onnx once. Weights are first ones, scaled so that the neurons fire.
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import * as v from "valibot";
import { createCommand } from "../../src/cli/command.ts";
import { runCommandLine } from "../../src/cli/command_line.ts";
import { loadMnist } from "../../src/data/mnist.ts";
import type { Samples } from "../../src/data/samples.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { SpikeletError } from "../../src/errors.ts";
import { convNetwork, convWideNetwork, tutorialNetwork } from "../../src/network/conv_presets.ts";
import type { Model } from "../../src/network/model_file.ts";
import { feedForwardNetwork, lifNetwork } from "../../src/network/presets.ts";
import { serializeSafetensors } from "../../src/network/safetensors.ts";
import { encodeOnnx } from "../../src/onnx/onnx_model.ts";
import { STREAM } from "../../src/random.ts";
import { alignColumns } from "../../src/text/columns.ts";
import { count, short } from "../../src/text/figures.ts";
import { call, VirtualEnvironment } from "../../tools/virtual_environment.ts";
import { startFromData } from "../../src/training/default_start.ts";

const ENVIRONMENT = new VirtualEnvironment("onnx");
const PACKAGES = ["onnxruntime==1.32.0", "numpy", "safetensors"];
const SAMPLES = 256;
/** Samples whose logits are no rounding apart: one at most, where rounding has moved a spike. */
const MOST_APART = 1;
/** Their inputs are not random. */
const NETWORKS = {
  "feed-forward": feedForwardNetwork(),
  lif: lifNetwork(),
  conv: convNetwork(),
  "conv-wide": convWideNetwork(),
  tutorial: tutorialNetwork(),
};
const resultSchema = v.object({
  version: v.string(),
  worst: v.number(),
  apart: v.number(),
  rate: v.number(),
});

/** Logits and samples a second, the best of five calls on one thread. */
async function runHere({ spec, parameters }: Model, samples: Samples) {
  using engine = createWasmEngine({ spec, kernels: await loadKernels(), threads: 0, batchSize: SAMPLES });
  await engine.setParameters(parameters);
  const indices = Uint32Array.from({ length: SAMPLES }, (_, i) => i);
  const batch = { samples, indices, stream: STREAM.evaluation, epoch: 0 };
  let { logits } = await engine.classify(batch), seconds = Infinity;
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    logits = (await engine.classify(batch)).logits;
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
  }
  return { logits, rate: SAMPLES / seconds };
}

async function measure(): Promise<void> {
  await ENVIRONMENT.make(PACKAGES[0]!, [PACKAGES]);
  const samples = await loadMnist(undefined, "test"), rows: string[][] = [], wrong: string[] = [];
  for (const [name, spec] of Object.entries(NETWORKS)) {
    const { parameters } = await startFromData(spec, samples, { seed: 0, rate: 0.1, engine: "wasm" });
    const model: Model = { spec, parameters, metadata: { bytes: "pixels" } };
    const { logits, rate } = await runHere(model, samples), { shape } = spec.input;
    const file = join(ENVIRONMENT.folder, `${name}.onnx`),
      io = join(ENVIRONMENT.folder, `${name}.safetensors`);
    await Deno.writeFile(file, encodeOnnx(model).bytes);
    const pixels = Uint8Array.from(samples.features.subarray(0, SAMPLES * samples.size));
    await Deno.writeFile(
      io,
      serializeSafetensors([
        ["x", { dtype: "U8", shape: [SAMPLES, ...shape], data: pixels }],
        ["logits", { dtype: "F32", shape: [SAMPLES, logits.length / SAMPLES], data: logits }],
      ]),
    );
    const script = fileURLToPath(new URL("run.py", import.meta.url));
    const theirs = v.parse(resultSchema, JSON.parse(await call(ENVIRONMENT.python, [script, file, io])));
    rows.push([
      name,
      short(theirs.worst),
      String(theirs.apart),
      count(rate),
      count(theirs.rate),
      `${(rate / theirs.rate).toFixed(1)} ×`,
    ]);
    if (theirs.apart > MOST_APART) {
      wrong.push(
        `${name}: ${theirs.apart} of ${SAMPLES} samples have other logits, by up to ${theirs.worst}`,
      );
    }
  }
  const head = ["network", "largest difference", "samples apart", "here/s", "onnxruntime/s", "ratio"];
  console.log(
    alignColumns([head, ...rows], ["left", "right", "right", "right", "right", "right"]).join("\n"),
  );
  if (wrong.length > 0) throw new SpikeletError(wrong.join("\n"));
}

if (import.meta.main) {
  const command = createCommand(
    "bench:onnx",
    "Run the presets as ONNX in PyPI's onnxruntime: number by number beside the engine, and how fast",
    "One thread each, samples of MNIST a second. Makes a virtual environment in dist/onnx once.",
    "",
  ).action(measure);
  await runCommandLine(["bench:onnx", ...Deno.args], [command]);
}
