/**
 * Networks that are written as NIR files for other frameworks to run, and what they compute here.
 *
 * @module
 */
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import {
  affine,
  avgPool2d,
  conv2d,
  flatten,
  type GraphDescription,
  integrator,
  lif,
  network,
  sumPool2d,
} from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import type { Model } from "../../src/network/model_file.ts";
import { serializeSafetensors } from "../../src/network/safetensors.ts";
import { sizeOf } from "../../src/network/shape.ts";
import { drawKey, STREAM, uniform } from "../../src/random.ts";

/** A network, and whether it is in the form that snnTorch, Norse and SpikingJelly all run. */
export interface ExchangedNetwork {
  readonly name: string;
  readonly what: string;
  readonly description: GraphDescription;
  readonly isCommon: boolean;
  /** What the file does not say. */
  readonly reset: "value" | "subtract";
}

const STEPS = 40, BATCH = 3, RATE = 0.3;
const ZERO = { decay: 0.9, threshold: 1, reset: "zero" } as const;
const READ = { from: "spikes", reduce: "sum" } as const;

function input(...shape: [number] | [number, number, number]): GraphDescription["input"] {
  return { shape, encoder: { kind: "direct" } };
}

/** In the order of the table's rows. */
export const NETWORKS: readonly ExchangedNetwork[] = [
  {
    name: "dense",
    what: "dense LIF, reset to 0",
    isCommon: true,
    reset: "value",
    description: {
      steps: STEPS,
      input: input(9),
      nodes: [affine(16), lif(ZERO), affine(5), lif({ ...ZERO, decay: 0.8 })],
      readout: READ,
    },
  },
  {
    name: "synaptic",
    what: "dense current-based LIF, reset to 0",
    isCommon: true,
    reset: "value",
    description: {
      steps: STEPS,
      input: input(9),
      nodes: [
        affine(16),
        lif({ ...ZERO, synapticDecay: 0.6 }),
        affine(5),
        lif({ ...ZERO, synapticDecay: 0.5 }),
      ],
      readout: READ,
    },
  },
  {
    name: "conv",
    what: "convolutions, sum pool, LIF, reset to 0",
    isCommon: true,
    reset: "value",
    description: {
      steps: STEPS,
      input: input(2, 10, 10),
      nodes: [
        ...[conv2d(4, 3), lif(ZERO), sumPool2d(2), conv2d(6, 3, { padding: 1 }), lif(ZERO)],
        ...[flatten(), affine(5), lif(ZERO)],
      ],
      readout: READ,
    },
  },
  {
    name: "recurrent",
    what: "a recurrent layer of LIF, reset to 0",
    isCommon: true,
    reset: "value",
    description: {
      steps: STEPS,
      input: input(9),
      nodes: [
        { ...affine(12), id: "fc1" },
        { ...affine(12, { bias: false }), id: "rec1", from: { node: "lif1", delay: 1 } },
        { ...lif(ZERO), id: "lif1", from: ["fc1", "rec1"] },
        ...[affine(5), lif(ZERO)],
      ],
      readout: READ,
    },
  },
  {
    name: "skip",
    what: "a skip edge between LIF, reset to 0",
    isCommon: true,
    reset: "value",
    description: {
      steps: STEPS,
      input: input(9),
      nodes: [
        ...[{ ...affine(12), id: "fc1" }, { ...lif(ZERO), id: "lif1" }],
        ...[{ ...affine(12), id: "fc2" }, { ...lif(ZERO), id: "lif2" }],
        { ...affine(5), id: "fc3", from: ["lif1", "lif2"] },
        { ...lif(ZERO), id: "lif3" },
      ],
      readout: READ,
    },
  },
  {
    name: "subtract",
    what: "dense LIF, reset by subtraction",
    isCommon: false,
    reset: "subtract",
    description: {
      steps: STEPS,
      input: input(9),
      nodes: [
        affine(16),
        lif({ ...ZERO, reset: "subtract" }),
        affine(5),
        lif({ ...ZERO, reset: "subtract" }),
      ],
      readout: READ,
    },
  },
  {
    name: "leaky_readout",
    what: "dense LIF, read by integrators",
    isCommon: false,
    reset: "value",
    description: {
      steps: STEPS,
      input: input(9),
      nodes: [affine(16), lif(ZERO), affine(5), integrator({ decay: 0.9 })],
      readout: { from: "state", reduce: "mean" },
    },
  },
  {
    name: "average_pool",
    what: "convolution, average pool, LIF, reset to 0",
    isCommon: false,
    reset: "value",
    description: {
      steps: STEPS,
      input: input(2, 10, 10),
      nodes: [conv2d(4, 3), lif(ZERO), avgPool2d(2), flatten(), affine(5), lif(ZERO)],
      readout: READ,
    },
  },
];

/** The network with weights that make it spike. */
export function exchangedModel({ description, name }: ExchangedNetwork): Model {
  const spec = network(description), parameters = initialParameters(spec, 7);
  for (const [tensor, data] of parameters) {
    if (tensor.endsWith(".weight")) data.forEach((value, i) => data[i] = 2 * value);
    if (tensor.endsWith(".bias")) data.forEach((_, i) => data[i] = 0.05 * (i % 5));
  }
  return { spec, parameters, metadata: { name } };
}

/** `x` `[T, B, …]`, spikes, and `output` likewise, what the last node gives at each step: as a safetensors file. */
export async function exchangedNumbers({ spec, parameters }: Model): Promise<Uint8Array<ArrayBuffer>> {
  const { input: { shape }, steps } = spec, size = sizeOf(shape), key = drawKey(3, STREAM.training, 0, 0);
  const samples = Array.from(
    { length: BATCH },
    (_, sample) =>
      Float32Array.from(
        { length: steps * size },
        (_, i) => uniform(key, sample * steps * size + i) < RATE ? 1 : 0,
      ),
  );
  using engine = createWasmEngine({ spec, kernels: await loadKernels(), threads: 0, recordStates: true });
  await engine.setParameters(parameters);
  const outputs: Float32Array[] = [];
  for (const features of samples) {
    const { spikes, potentials } = await engine.trace({
      samples: { name: "drawn", count: 1, size: steps * size, steps, features, labels: new Uint8Array(1) },
      indices: Uint32Array.of(0),
      stream: STREAM.evaluation,
      epoch: 0,
    });
    outputs.push(spec.readout.from === "spikes" ? Float32Array.from(spikes.at(-1)!) : potentials.at(-1)!);
  }
  const classes = outputs[0]!.length / steps;
  return serializeSafetensors(
    new Map([
      ["x", { dtype: "F32", shape: [steps, BATCH, ...shape], data: byStep(samples, steps, size) }],
      ["output", { dtype: "F32", shape: [steps, BATCH, classes], data: byStep(outputs, steps, classes) }],
    ]),
    {},
  );
}

/** `[B][T, size]` → `[T, B, size]`. */
function byStep(samples: readonly Float32Array[], steps: number, size: number): Float32Array {
  const all = new Float32Array(steps * samples.length * size);
  samples.forEach((numbers, sample) => {
    for (let t = 0; t < steps; t++) {
      all.set(numbers.subarray(t * size, (t + 1) * size), (t * samples.length + sample) * size);
    }
  });
  return all;
}
