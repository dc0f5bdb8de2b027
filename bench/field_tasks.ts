/** The networks that the field trains everywhere, and data of their sizes: as in bench/peers/field.py. */
import { EventCollector } from "../src/data/events.ts";
import type { Samples } from "../src/data/samples.ts";
import {
  affine,
  batchNorm,
  conv2d,
  flatten,
  integrator,
  layer,
  lif,
  maxPool2d,
  network,
} from "../src/network/builder.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { drawKey, STREAM, uniform } from "../src/random.ts";
import { type FrameworkName, FRAMEWORKS } from "./peers/framework.ts";
import { SEED } from "./setting.ts";

/** A network, and how it is trained. */
export interface Task {
  /** Its name in bench/peers/field.py. */
  readonly key: string;
  readonly title: string;
  /** Learned tensors have PyTorch's names and shapes. */
  readonly spec: NetworkSpec;
  readonly batchSize: number;
  /** How far a peer's loss may be from ours, relative, and its gradients, relative to the largest of a tensor. */
  readonly tolerance: { readonly loss: number; readonly gradient: number };
  /** What it is written for. */
  readonly frameworks: readonly FrameworkName[];
  /** The most batches, rounds, and batches of a peer in a round: what takes long is measured less often. */
  readonly most?: { readonly batches?: number; readonly rounds?: number; readonly peerBatches?: number };
}

const NEURON = lif({ decay: 0.9, threshold: 1, surrogate: { kind: "atan", slope: 2 } });
const ALL = { batchSize: 128, frameworks: FRAMEWORKS, tolerance: { loss: 1e-5, gradient: 1e-2 } };

export const TASKS: readonly Task[] = [
  { ...ALL, key: "fc128", title: "784–128–10 LIF, T = 25", spec: dense(784, 128, 10) },
  { ...ALL, key: "fc1000", title: "784–1000–10 LIF, T = 25", spec: dense(784, 1000, 10) },
  { ...ALL, key: "rsnn", title: "700–128 recurrent–20 LIF, T = 100, 2 % of inputs spike", spec: recurrent() },
  {
    ...ALL,
    key: "conv",
    title: "12C5-MP2-64C5-MP2-10 LIF, T = 25",
    spec: conv(),
    // Of nine million potentials, rounding moves a few across the threshold, as many as the order of sums has it.
    tolerance: { loss: 1e-4, gradient: 1e-2 },
    most: { batches: 20, rounds: 5, peerBatches: 3 },
  },
  {
    key: "csnn",
    title: "128C3-BN-MP2-128C3-BN-MP2-2048-10 IF, T = 4",
    spec: csnn(),
    batchSize: 64,
    tolerance: { loss: 1e-2, gradient: 1e-1 },
    frameworks: ["compiled", "tuned", "spikingjelly"],
    most: { batches: 4, rounds: 3, peerBatches: 2 },
  },
];

function dense(inputs: number, hidden: number, classes: number): NetworkSpec {
  return network({
    inputs,
    steps: 25,
    encoder: { kind: "constant" },
    layers: [layer(hidden, NEURON), layer(classes, integrator({ decay: 0.9 }))],
  });
}

function recurrent(): NetworkSpec {
  return network({
    inputs: 700,
    steps: 100,
    encoder: { kind: "direct" },
    layers: [layer(128, NEURON, { recurrent: true }), layer(20, integrator({ decay: 0.9 }))],
  });
}

/** Of snnTorch's tutorial 6. */
function conv(): NetworkSpec {
  return network({
    steps: 25,
    input: { shape: [1, 28, 28], encoder: { kind: "constant" } },
    nodes: [
      ...[conv2d(12, 5, { id: "conv1" }), maxPool2d(2), NEURON],
      ...[conv2d(64, 5, { id: "conv2" }), maxPool2d(2), NEURON],
      ...[flatten(), affine(10, { id: "fc1" }), integrator({ decay: 0.9 })],
    ],
  });
}

/** SpikingJelly's conv_fashion_mnist, whose neurons do not leak and are reset to 0. */
function csnn(): NetworkSpec {
  const neuron = lif({ decay: 1, threshold: 1, reset: "zero", surrogate: { kind: "atan", slope: 2 } });
  const block = (number: number) => [
    conv2d(128, 3, { id: `conv${number}`, padding: 1, bias: false }),
    batchNorm({ id: `norm${number}` }),
    neuron,
    maxPool2d(2),
  ];
  return network({
    steps: 4,
    input: { shape: [1, 28, 28], encoder: { kind: "constant" } },
    nodes: [
      ...block(1),
      ...block(2),
      flatten(),
      ...[affine(2048, { id: "fc1", bias: false }), neuron],
      ...[affine(10, { id: "fc2", bias: false }), neuron],
    ],
    readout: { from: "spikes" },
  });
}

/** Numbers of the task's sparsity: a fifth of a picture's are not 0, a fiftieth of a sequence's is 1. */
export function drawSamples({ spec }: Task, count: number): Samples {
  const { inputs, classes } = structureOf(spec), { steps } = spec;
  const isSequence = spec.input.encoder.kind === "direct";
  const size = isSequence ? steps * inputs : inputs, key = drawKey(SEED, STREAM.training, 0, 0);
  const draw = (i: number) => uniform(key, i), numbers = new Float32Array(size);
  const labels = Uint8Array.from({ length: count }, (_, i) => Math.floor(draw(i) * classes));
  const features = isSequence ? undefined : new Float32Array(new SharedArrayBuffer(4 * count * size));
  const events = new EventCollector(count * steps, inputs, false);
  for (let sample = 0, at = count; sample < count; sample++) {
    for (let i = 0; i < size; i++, at++) {
      const number = draw(at);
      if (isSequence) numbers[i] = number < 0.02 ? 1 : 0;
      else numbers[i] = number < 0.19 ? draw(-at) : 0;
    }
    if (features) features.set(numbers, sample * size);
    else events.add(numbers, inputs);
  }
  return {
    ...{ name: "drawn", count, size, labels },
    ...(features ? { features } : { features: events.events(), steps }),
  };
}
