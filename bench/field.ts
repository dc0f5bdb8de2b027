/**
 * Spikelet on the field's ordinary networks, beside a compiled PyTorch and three frameworks, turn by turn in the same run.
 *
 * A peer whose model is ours, equation by equation, first has to have our loss and our gradients for one batch.
 */
import { areEvents, type DenseFeatures, EventCollector, spreadEvents } from "../src/data/events.ts";
import type { Samples } from "../src/data/samples.ts";
import type { Parameters } from "../src/engine/engine.ts";
import { createWasmEngine } from "../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { type NetworkSpec, parseNetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { serializeSafetensors, type Tensor } from "../src/network/safetensors.ts";
import { drawKey, STREAM, uniform } from "../src/random.ts";
import { PeerMissing } from "./peers/environment.ts";
import { Framework, type FrameworkName, FRAMEWORKS, type Started } from "./peers/framework.ts";
import { interleave, pairedRatios, secondsOf } from "./rounds.ts";
import type { Section } from "./section.ts";
import { SEED, type Setting } from "./setting.ts";

/** How far a peer's loss may be from ours, relative, and its gradients, relative to the largest of a tensor. */
const TOLERANCE = { loss: 1e-5, gradient: 1e-2 } as const;

const BATCH = 128;

/** A network and its data: as in bench/peers/field.py. */
interface Task {
  readonly key: string;
  readonly title: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
  readonly steps: number;
  readonly recurrent: boolean;
}

const WIDE = { inputs: 784, classes: 10, steps: 25, recurrent: false };
const TASKS: readonly Task[] = [
  { ...WIDE, key: "fc128", title: "784–128–10 LIF, T = 25", hidden: 128 },
  { ...WIDE, key: "fc1000", title: "784–1000–10 LIF, T = 25", hidden: 1000 },
  {
    ...{ key: "rsnn", title: "700–128 recurrent–20 LIF, T = 100, 2 % of inputs spike" },
    ...{ inputs: 700, hidden: 128, classes: 20, steps: 100, recurrent: true },
  },
];

function specOf({ inputs, hidden, classes, steps, recurrent }: Task): NetworkSpec {
  return parseNetworkSpec({
    inputs,
    steps,
    encoder: { kind: recurrent ? "direct" : "constant" },
    layers: [
      {
        units: hidden,
        recurrent,
        neuron: { kind: "lif", decay: 0.9, threshold: 1, surrogate: { kind: "atan", slope: 2 } },
      },
      { units: classes, neuron: { kind: "integrator", decay: 0.9 } },
    ],
    readout: { from: "state", reduce: "mean", begin: 0 },
    loss: { kind: "crossEntropy" },
  });
}

/** Numbers of the task's sparsity: a fifth of a picture's are not 0, a fiftieth of a sequence's is 1. */
function samplesOf({ inputs, classes, steps, recurrent }: Task, count: number) {
  const size = recurrent ? steps * inputs : inputs, key = drawKey(SEED, STREAM.training, 0, 0);
  const draw = (i: number) => uniform(key, i), numbers = new Float32Array(size);
  const labels = Uint8Array.from({ length: count }, (_, i) => Math.floor(draw(i) * classes));
  const features = recurrent ? undefined : new Float32Array(new SharedArrayBuffer(4 * count * size));
  const events = new EventCollector(count * steps, inputs, false);
  for (let sample = 0, at = count; sample < count; sample++) {
    for (let i = 0; i < size; i++, at++) {
      const number = draw(at);
      if (recurrent) numbers[i] = number < 0.02 ? 1 : 0;
      else numbers[i] = number < 0.19 ? draw(-at) : 0;
    }
    if (features) features.set(numbers, sample * size);
    else events.add(numbers, inputs);
  }
  const samples: Samples = {
    ...{ name: "drawn", count, size, labels },
    ...(features ? { features } : { features: events.events(), steps }),
  };
  return samples;
}

/** Measures all tasks. */
export async function* measureField(setting: Setting): AsyncGenerator<Section> {
  for (const task of TASKS) yield await measureTask(task, setting);
}

async function measureTask(task: Task, { kernels, sizes }: Setting): Promise<Section> {
  const threads = navigator.hardwareConcurrency,
    spec = specOf(task),
    parameters = initialParameters(spec, SEED);
  const count = BATCH * sizes.fieldBatches, samples = samplesOf(task, count);
  using open = new DisposableStack();
  const engine = open.use(createWasmEngine({ spec, kernels, threads, batchSize: BATCH, seed: SEED }));
  const batches = Array.from({ length: sizes.fieldBatches }, (_, i) => ({
    samples,
    indices: Uint32Array.from({ length: BATCH }, (_, k) => BATCH * i + k),
    stream: STREAM.training,
    epoch: 1,
  }));
  await engine.setParameters(parameters);
  const { loss } = await engine.train(batches[0]!, { learningRate: 0, momentum: 0 });
  const gradients = (await engine.getState()).moments.get("velocity")!;
  const file = `dist/field-${task.key}.safetensors`;
  await Deno.mkdir("dist", { recursive: true });
  await Deno.writeFile(file, caseOf(task, samples, parameters, gradients));
  const work = async (run: (batch: typeof batches[number]) => Promise<unknown>) => {
    await engine.setParameters(parameters);
    const results: Promise<unknown>[] = [];
    return await secondsOf(async () => {
      for (const [i, batch] of batches.entries()) {
        if (i >= 2) await results[i - 2];
        results.push(run(batch));
      }
      await Promise.all(results);
    }) / batches.length;
  };
  const update = { kind: "adam", learningRate: 1e-3 } as const;
  const train = () => work((batch) => engine.train(batch, update)),
    evaluate = () => work((batch) => engine.evaluate(batch));
  await train();
  await evaluate();
  const remarks: string[] = [], peers: { readonly name: FrameworkName; readonly framework: Framework }[] = [];
  for (const name of FRAMEWORKS) {
    try {
      const [framework, started] = await Framework.start(name, task.key, file);
      open.use(framework);
      remarks.push(agreement(name, started, loss / BATCH));
      peers.push({ name, framework });
    } catch (error) {
      if (!(error instanceof PeerMissing)) throw error;
      remarks.push(`${name}: skipped: ${error.message}`);
    }
  }
  const mean = (seconds: readonly number[]) => seconds.reduce((a, b) => a + b, 0) / seconds.length;
  const subjects = [
    train,
    evaluate,
    ...peers.map(({ framework }) => async () => mean(await framework.train(sizes.fieldPeerBatches))),
  ];
  const seconds = await interleave(subjects, { seconds: 0, rounds: sizes.fieldRounds });
  const rates = seconds.map((samples) => samples.map((each) => BATCH / each));
  const [ours = [], evaluated = []] = seconds, unit = "samples/s";
  return {
    key: `field-${task.key}`,
    title: `${task.title}, batches of ${BATCH}, Adam, ${threads} cores`,
    ratio: { meaning: "how many times as fast Spikelet trains, round by round", style: "times" },
    rows: [
      { name: "Spikelet, training", unit, samples: rates[0]! },
      { name: "Spikelet, evaluation", unit, samples: rates[1]!, ratios: pairedRatios(evaluated, ours) },
      ...peers.map(({ name }, i) => ({
        name: titleOf(name),
        unit,
        samples: rates[2 + i]!,
        ratios: pairedRatios(seconds[2 + i]!, ours),
      })),
    ],
    remarks,
  };
}

function titleOf(name: FrameworkName): string {
  const titles = { snntorch: "snnTorch", norse: "Norse", spikingjelly: "SpikingJelly" };
  return name === "compiled" || name === "tuned" ? `PyTorch, ${name}` : titles[name];
}

/** @throws {Error} when the peer computes another network than ours, though it should not. */
function agreement(name: FrameworkName, { torch, version, loss, deviation }: Started, ours: number): string {
  const what = `${titleOf(name)} ${version ?? torch}`;
  if (loss === undefined || deviation === undefined) {
    return `${what}: another model, by its own neurons: not compared`;
  }
  const found = `loss ${loss.toFixed(6)}, ours ${ours.toFixed(6)}; gradients within ${
    deviation.toExponential(1)
  }`;
  if (Math.abs(loss / ours - 1) <= TOLERANCE.loss && deviation <= TOLERANCE.gradient) {
    return `${what}: ${found}`;
  }
  throw new Error(`${what} computes another network, so it is not timed: ${found}`);
}

/** One batch for the peers: its inputs and labels, the weights, and our gradients, under PyTorch's names. */
function caseOf(
  task: Task,
  samples: Samples,
  parameters: Parameters,
  gradients: Parameters,
): Uint8Array<ArrayBuffer> {
  const { inputs, steps, recurrent } = task, shape = recurrent ? [BATCH, steps, inputs] : [BATCH, inputs];
  const data = new Float32Array(BATCH * samples.size);
  for (let i = 0; i < BATCH; i++) data.set(denseOf(samples, i), i * samples.size);
  const shapes = new Map(structureOf(specOf(task)).tensors.map(({ name, shape }) => [name, shape]));
  const tensors = (prefix: string, all: Parameters) =>
    [...all].map((
      [name, data],
    ): [string, Tensor] => [prefix + name, { dtype: "F32", shape: shapes.get(name)!, data }]);
  return serializeSafetensors([
    ["x", { dtype: "F32", shape, data }],
    ["y", { dtype: "I32", shape: [BATCH], data: Int32Array.from(samples.labels.subarray(0, BATCH)) }],
    ...tensors("", parameters),
    ...tensors("grad.", gradients),
  ]);
}

/** A sample's numbers. */
function denseOf({ features, size, steps = 1 }: Samples, index: number): DenseFeatures {
  return areEvents(features)
    ? spreadEvents(features, steps, index, new Float32Array(size))
    : features.subarray(index * size, (index + 1) * size);
}
