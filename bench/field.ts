/**
 * Spikelet on the field's ordinary networks, beside a compiled PyTorch and three frameworks, turn by turn in the same run.
 *
 * A peer whose model is ours, equation by equation, first has to have our loss and our gradients for one batch.
 */
import { areEvents, type DenseFeatures, spreadEvents } from "../src/data/events.ts";
import type { Samples } from "../src/data/samples.ts";
import type { Engine, Parameters } from "../src/engine/engine.ts";
import { createWasmEngine } from "../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { serializeSafetensors, type Tensor } from "../src/network/safetensors.ts";
import { isLearned, structureOf } from "../src/network/structure.ts";
import { STREAM } from "../src/random.ts";
import { drawSamples, type Task, TASKS } from "./field_tasks.ts";
import { PeerMissing } from "./peers/environment.ts";
import { Framework, type FrameworkName, type Started } from "./peers/framework.ts";
import { interleave, pairedRatios, secondsOf } from "./rounds.ts";
import type { Section } from "./section.ts";
import { SEED, type Setting } from "./setting.ts";

/** A framework at work, and the bytes of its process between batches beside parameters and moments. */
interface Peer {
  readonly name: FrameworkName;
  readonly framework: Framework;
  readonly libraries: number;
}

/** Measures all tasks. */
export async function* measureField(setting: Setting): AsyncGenerator<Section> {
  for (const task of TASKS) yield await measureTask(task, setting);
}

/** Measures one. */
export async function measureTask(task: Task, { kernels, sizes }: Setting): Promise<Section> {
  const threads = navigator.hardwareConcurrency, { spec, batchSize, most = {} } = task;
  const rounds = Math.min(sizes.fieldRounds, most.rounds ?? Infinity);
  const peerBatches = Math.min(sizes.fieldPeerBatches, most.peerBatches ?? Infinity);
  const length = Math.min(sizes.fieldBatches, most.batches ?? Infinity);
  const parameters = initialParameters(spec, SEED), samples = drawSamples(task, batchSize * length);
  using open = new DisposableStack();
  const engine = open.use(createWasmEngine({ spec, kernels, threads, batchSize, seed: SEED }));
  const batches = Array.from({ length }, (_, i) => ({
    samples,
    indices: Uint32Array.from({ length: batchSize }, (_, k) => batchSize * i + k),
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
  const remarks: string[] = [], peers: Peer[] = [];
  for (const name of task.frameworks) {
    try {
      const [framework, started] = await Framework.start(name, task.key, file);
      open.use(framework);
      remarks.push(agreement(name, started, loss / batchSize, task));
      peers.push({ name, framework, libraries: started.libraries });
    } catch (error) {
      if (!(error instanceof PeerMissing)) throw error;
      remarks.push(`${name}: skipped: ${error.message}`);
    }
  }
  const mean = (seconds: readonly number[]) => seconds.reduce((a, b) => a + b, 0) / seconds.length;
  const subjects = [
    train,
    evaluate,
    ...peers.map(({ framework }) => async () => mean(await framework.train(peerBatches))),
  ];
  const seconds = await interleave(subjects, { seconds: 0, rounds });
  const rates = seconds.map((samples) => samples.map((each) => batchSize / each));
  const [ours = [], evaluated = []] = seconds, unit = "samples/s";
  return {
    key: `field-${task.key}`,
    title: `${task.title}, batches of ${batchSize}, Adam, ${threads} cores`,
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
    remarks: [...remarks, ...memoryRemarks(engine, peers)],
  };
}

/** What training takes: of Spikelet its own count of a network and a batch, of a peer what its process had at most. */
function memoryRemarks({ needs, threads }: Engine, peers: readonly Peer[]): string[] {
  const own = needs.thread * threads + needs.batch;
  return [
    `memory of Spikelet: ${mebibytes(own)} (${threads} threads of ${mebibytes(needs.thread)}, ${
      mebibytes(needs.batch)
    } common)`,
    ...peers.map(({ name, libraries, framework: { peak } }) =>
      `memory of ${titleOf(name)}: ${mebibytes(peak)} resident at most while it trained, of which ` +
      `${mebibytes(peak - libraries)} (${((peak - libraries) / own).toFixed(1)} × Spikelet's) ` +
      "parameters, moments, gradients and a batch"
    ),
  ];
}

/** Bytes in MiB. */
function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

function titleOf(name: FrameworkName): string {
  const titles = { snntorch: "snnTorch", norse: "Norse", spikingjelly: "SpikingJelly" };
  return name === "compiled" || name === "tuned" ? `PyTorch, ${name}` : titles[name];
}

/** @throws {Error} when the peer computes another network than ours, though it should not. */
function agreement(
  name: FrameworkName,
  { torch, version, loss, deviation }: Started,
  ours: number,
  { tolerance }: Task,
): string {
  const what = `${titleOf(name)} ${version ?? torch}`;
  if (loss === undefined || deviation === undefined) {
    return `${what}: another model, by its own neurons: not compared`;
  }
  const found = `loss ${loss.toFixed(6)}, ours ${ours.toFixed(6)}; gradients within ${
    deviation.toExponential(1)
  }`;
  if (Math.abs(loss / ours - 1) <= tolerance.loss && deviation <= tolerance.gradient) {
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
  const { spec, batchSize } = task, { inputShape, tensors } = structureOf(spec);
  const data = new Float32Array(batchSize * samples.size);
  for (let i = 0; i < batchSize; i++) data.set(denseOf(samples, i), i * samples.size);
  const shape = [batchSize, ...(samples.steps === undefined ? [] : [samples.steps]), ...inputShape];
  const labels = Int32Array.from(samples.labels.subarray(0, batchSize));
  const learned = (prefix: string, all: Parameters) =>
    tensors.filter(isLearned).map(({ name, shape }): [string, Tensor] => [
      prefix + name,
      { dtype: "F32", shape, data: all.get(name)! },
    ]);
  return serializeSafetensors([
    ["x", { dtype: "F32", shape, data }],
    ["y", { dtype: "I32", shape: [batchSize], data: labels }],
    ...learned("", parameters),
    ...learned("grad.", gradients),
  ]);
}

/** A sample's numbers. */
function denseOf({ features, size, steps = 1 }: Samples, index: number): DenseFeatures {
  return areEvents(features)
    ? spreadEvents(features, steps, index, new Float32Array(size))
    : features.subarray(index * size, (index + 1) * size);
}
