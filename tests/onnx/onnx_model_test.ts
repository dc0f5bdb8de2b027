import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { affine, conv2d, integrator, lif, network, sumPool2d } from "../../src/network/builder.ts";
import { convNetwork, tutorialNetwork } from "../../src/network/conv_presets.ts";
import type { GraphSpec } from "../../src/network/graph.ts";
import type { Model } from "../../src/network/model_file.ts";
import {
  fastNetwork,
  feedForwardNetwork,
  lifNetwork,
  notebookNetwork,
  tunedNetwork,
  wideNetwork,
} from "../../src/network/presets.ts";
import type { Tensor } from "../../src/network/safetensors.ts";
import { sizeOf } from "../../src/network/shape.ts";
import { encodeOnnx, type OnnxForm } from "../../src/onnx/onnx_model.ts";
import { OPSET, producerOf } from "../../src/onnx/proto.ts";
import {
  describeGraph,
  drawForGraph,
  drawGraph,
  type DrawnGraph,
  encodeBatch,
  isTelling,
} from "../graph/drawn_graphs.ts";
import { type GraphRun, runGraph, widenTensors } from "../graph/reference_graph.ts";
import { type OnnxOutputs, runOnnx } from "./onnx_runtime.ts";

/** A network, what the reference makes of its samples, and both forms of its graph. */
interface Case {
  readonly drawn: DrawnGraph;
  readonly run: GraphRun;
  readonly form: OnnxForm;
}

const SEED = 5;

function modelOf({ spec, parameters, samples }: DrawnGraph): Model {
  const bytes = samples.features instanceof Uint8Array ? "pixels" : "numbers";
  return { spec, parameters, metadata: { bytes } };
}

/** What a graph is fed: a sample's own numbers, or, of encoders that are not part of it, encoded ones. */
function feedOf({ drawn, form }: Case): { name: string; input: Tensor; steps?: number } {
  const { spec, samples } = drawn, { steps, input: { encoder, shape } } = spec, size = sizeOf(shape);
  const isOwn = encoder.kind === "constant" || encoder.kind === "direct";
  const isSequence = encoder.kind !== "constant";
  const { x } = encodeBatch(drawn, SEED, 1);
  const rowAt = (sample: number, t: number): ArrayLike<number> =>
    isOwn
      ? samples.features.subarray(
        sample * samples.size + (isSequence ? t * size : 0),
        sample * samples.size + (isSequence ? t + 1 : 1) * size,
      )
      : x[sample]![t]!;
  const isPixels = isOwn && samples.features instanceof Uint8Array;
  const tensor = (lengths: number[], rows: ArrayLike<number>[]): Tensor => {
    const numbers = rows.flatMap((row) => Array.from(row));
    const common = { shape: [...lengths, ...shape] };
    return isPixels
      ? { dtype: "U8", ...common, data: Uint8Array.from(numbers) }
      : { dtype: "F32", ...common, data: Float32Array.from(numbers) };
  };
  const name = !isOwn ? "encoded" : isPixels ? "pixels" : "features", count = samples.count;
  const all = (length: number) => Array.from({ length }, (_, i) => i);
  if (form === "single-step") {
    const rows = all(steps).flatMap((t) => all(count).map((sample) => rowAt(sample, t)));
    return { name, input: tensor([steps, count], rows), steps };
  }
  if (!isSequence) return { name, input: tensor([count], all(count).map((sample) => rowAt(sample, 0))) };
  const rows = all(count).flatMap((sample) => all(steps).map((t) => rowAt(sample, t)));
  return { name, input: tensor([count, steps], rows) };
}

/** Compares all outputs of a graph with the reference: spikes are equal, all else within 1e-5. */
function compare({ drawn, run, form }: Case, outputs: OnnxOutputs): void {
  const { spec, samples: { count } } = drawn, where = `${form}: ${describeGraph(spec)}`;
  const isStep = form === "single-step";
  const close = (found: number, expected: number, what: string) =>
    assert.ok(
      Math.abs(found - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
      `${what}: ${found}, expected ${expected}: ${where}`,
    );
  for (const [id, states] of run.states) {
    const [o, u] = ["outputs", "potentials"].map((name) => outputs.get(`${id}.${name}`)!);
    const units = states[0]![0]!.length, isBinary = spec.nodes.find((node) => node.id === id)!.kind === "lif";
    assert.equal(o!.data.length, spec.steps * count * units, where);
    states.forEach((samples, t) =>
      samples.forEach((row, sample) =>
        row.forEach((state, unit) => {
          const at = (isStep ? t * count + sample : sample * spec.steps + t) * units + unit;
          const what = `${id}, step ${t}, sample ${sample}, unit ${unit}`;
          if (isBinary) assert.equal(o!.data[at], state.o, `${what}: ${where}`);
          close(Number(o!.data[at]), state.o, `output of ${what}`);
          close(Number(u!.data[at]), state.u, `potential of ${what}`);
        })
      )
    );
  }
  const logits = outputs.get("logits")!, classes = run.logits[0]!.length;
  const from = isStep ? (spec.steps - 1) * count * classes : 0;
  run.logits.forEach((row, sample) =>
    row.forEach((z, unit) => close(Number(logits.data[from + sample * classes + unit]), z, `logit ${unit}`))
  );
}

function referenceOf(drawn: DrawnGraph): GraphRun {
  return runGraph(drawn.spec, widenTensors(drawn.parameters), encodeBatch(drawn, SEED, 1));
}

async function check(
  drawn: readonly { readonly drawn: DrawnGraph; readonly run: GraphRun }[],
): Promise<void> {
  const cases = drawn.flatMap((each): Case[] => [
    { ...each, form: "single-step" },
    { ...each, form: "sequence" },
  ]);
  const jobs = cases.map((each) => ({
    file: encodeOnnx(modelOf(each.drawn), { form: each.form, recordStates: true }).bytes,
    ...feedOf(each),
  }));
  const outputs = await runOnnx(jobs);
  cases.forEach((each, i) => compare(each, outputs[i]!));
}

Deno.test("encodeOnnx() of drawn graphs: ONNX Runtime gives the reference's spikes and potentials at every step", async () => {
  const drawn = [];
  for (let seed = 0; drawn.length < 120; seed++) {
    const graph = drawGraph(seed, 3 + seed % 10, 1 + seed % 9, 2, false), run = referenceOf(graph);
    if (isTelling(graph.spec, run)) drawn.push({ drawn: graph, run });
  }
  await check(drawn);
});

Deno.test("encodeOnnx() of every preset, at small sizes", async () => {
  const specs: GraphSpec[] = [
    notebookNetwork({ inputs: 30, hidden: 12, steps: 9 }),
    feedForwardNetwork({ inputs: 30, hidden: 12 }),
    tunedNetwork({ inputs: 30, hidden: 12, steps: 9 }),
    wideNetwork({ inputs: 30, hidden: 12, steps: 6 }),
    fastNetwork({ inputs: 30, hidden: 12 }),
    lifNetwork({ inputs: 30, hidden: 12, steps: 9 }),
    convNetwork({ shape: [1, 16, 16], steps: 2 }),
    tutorialNetwork({ shape: [1, 20, 20], steps: 3 }),
  ];
  await check(specs.map((spec) => {
    for (let seed = 0;; seed++) {
      const drawn = drawForGraph(spec, seed), run = referenceOf(drawn);
      if (run.margin > 2e-5) return { drawn, run };
    }
  }));
});

Deno.test("encodeOnnx() standardises by channel, sums windows exactly, and keeps delayed spikes of many steps", async () => {
  const nodes = [
    conv2d(4, 3),
    lif({ threshold: 0.5 }),
    sumPool2d(2),
    affine(6),
    lif({}, { from: ["affine1", { node: "back", delay: 0 }] }),
    affine(3, { from: [{ node: "lif2", delay: 7 }] }),
    integrator(),
  ];
  const specs = (["constant", "direct"] as const).map((kind) => {
    const mean = [0.4, 0.2], deviation = [0.3, 0.5], shape = [2, 6, 6] as const;
    const back = affine(6, { id: "back", bias: false, from: { node: "lif2", delay: 3 } });
    const readout = { reduce: "max", delay: 2, begin: 1 } as const;
    return network({
      steps: 14,
      input: { shape, encoder: { kind, mean, deviation } },
      nodes: nodes.toSpliced(4, 0, back),
      readout,
    });
  });
  await check(specs.map((spec) => {
    for (let seed = 0;; seed++) {
      const drawn = drawForGraph(spec, seed), run = referenceOf(drawn);
      if (isTelling(spec, run)) return { drawn, run };
    }
  }));
});

Deno.test("encodeOnnx() writes the same bytes for the same model, names its inputs, outputs and version", () => {
  const model = modelOf(drawForGraph(lifNetwork({ inputs: 30, hidden: 12, steps: 9 }), 1));
  const pixels = { ...model, metadata: { bytes: "pixels" }, classes: Array.from("abcdefghij") };
  const { bytes, notes } = encodeOnnx(pixels, { form: "single-step" });
  assert.deepEqual(encodeOnnx(pixels, { form: "single-step" }).bytes, bytes);
  assert.equal(producerOf(bytes), "spikelet");
  assert.deepEqual(notes, [
    "single-step, ONNX opset 17, IR version 8",
    "input pixels: uint8 [batch, 30], brightness of pixels, 0 to 255",
    "output logits: float [batch, 10], of the steps so far",
    "output read: float [batch, 10], what the readout has of this step",
    "4 states, 0 before the first step: feed each output NAME.next to the input NAME",
  ]);
  const text = new TextDecoder().decode(bytes);
  for (const part of ["neuron1.potential.next", "readout.sum", '["a","b","c"']) {
    assert.ok(text.includes(part), part);
  }
  assert.match(
    encodeOnnx({ ...model, metadata: { bytes: "numbers" } }).notes[1]!,
    /^input features: float \[batch, 30\], features$/,
  );
});

Deno.test("encodeOnnx() says that what a random encoder draws is an input", () => {
  const { notes } = encodeOnnx(modelOf(drawForGraph(notebookNetwork({ inputs: 5, hidden: 3, steps: 7 }), 1)));
  assert.match(
    notes[1]!,
    /^input encoded: float \[batch, 7, 5\], encoded already, by the noise encoder of docs/,
  );
});

Deno.test("encodeOnnx() refuses a field of neurons that it does not know, by name", () => {
  const model = modelOf(drawForGraph(lifNetwork({ inputs: 5, hidden: 3, steps: 7 }), 1));
  for (
    const [change, message] of [
      [{ reset: "sometimes" }, /^neuron1: reset "sometimes" cannot be written as ONNX$/],
      [{ refractory: 3 }, /^neuron1: refractory 3 cannot be written as ONNX$/],
      [{ perUnit: ["refractory"] }, /^neuron1: perUnit "refractory" cannot be written as ONNX$/],
    ] as const
  ) {
    const text = JSON.stringify({
      ...model.spec,
      nodes: model.spec.nodes.map((node) => node.id === "neuron1" ? { ...node, ...change } : node),
    });
    assert.throws(() => encodeOnnx({ ...model, spec: JSON.parse(text) }), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("producerOf() is undefined for what is no ONNX file", async () => {
  assert.equal(OPSET, 17);
  for (const bytes of [[], [8], [255, 255, 255], [8, 8, 26, 1, 65]]) {
    assert.equal(producerOf(Uint8Array.from(bytes)), undefined);
  }
  assert.equal(producerOf(await Deno.readFile("README.md")), undefined);
});
