/** The networks of the convolutional presets. */
import {
  affine,
  batchNorm,
  conv2d,
  flatten,
  type GraphDescription,
  integrator,
  lif,
  maxPool2d,
  network,
  type NodeDescription,
} from "./builder.ts";
import type { PresetOptions } from "./presets.ts";
import type { Shape } from "./shape.ts";
import type { NetworkSpec } from "./spec.ts";

/** Options of a convolutional network of lif neurons. Decay and threshold are those of all of them. */
export type ConvOptions = Pick<
  PresetOptions,
  "shape" | "classes" | "steps" | "decay" | "threshold" | "beginEval"
>;

/** A surrogate that leaves out units whose potential is further than ½ from the threshold: most of the backward pass. */
const BOXCAR = { kind: "boxcar", slope: 1 } as const;

/**
 * Two convolutions, each pooled, normalised over the batch and read by lif neurons, and the mean current of each class: as accurate as
 * a minute of training on two cores allows.
 */
export function convNetwork(options: ConvOptions = {}): NetworkSpec {
  return normalised([12, 64], options);
}

/** The same with more maps, and a hidden layer of 128 units. */
export function convWideNetwork(options: ConvOptions = {}): NetworkSpec {
  const { decay = 0.5, threshold = 1 } = options;
  return normalised([24, 64], options, [
    affine(128, { bias: false }),
    batchNorm(),
    lif({ decay, threshold, surrogate: BOXCAR }),
  ]);
}

/** Convolutions of 5 × 5 with so many maps, then hidden layers, then the readout. */
function normalised(
  maps: readonly number[],
  { shape = [1, 28, 28], classes = 10, steps = 2, decay = 0.5, threshold = 1, beginEval }: ConvOptions,
  hidden: readonly NodeDescription[] = [],
): NetworkSpec {
  return network(describe(shape, steps, beginEval, [
    ...maps.flatMap((channels) => [
      conv2d(channels, 5, { bias: false }),
      maxPool2d(2),
      batchNorm(),
      lif({ decay, threshold, surrogate: BOXCAR }),
    ]),
    flatten(),
    ...hidden,
    affine(classes),
    integrator({ decay: 0 }),
  ]));
}

/** The convolutional network of snnTorch's tutorial 6, 12C5-MP2-64C5-MP2-10, read by integrators. */
export function tutorialNetwork(
  { shape = [1, 28, 28], classes = 10, steps = 25, decay = 0.9, threshold = 1, beginEval }: ConvOptions = {},
): NetworkSpec {
  return network(describe(shape, steps, beginEval, [
    ...[conv2d(12, 5), maxPool2d(2), lif({ decay, threshold })],
    ...[conv2d(64, 5), maxPool2d(2), lif({ decay, threshold })],
    ...[flatten(), affine(classes), integrator({ decay: 0.9 })],
  ]));
}

function describe(
  shape: Shape,
  steps: number,
  begin: number | undefined,
  nodes: readonly NodeDescription[],
): GraphDescription {
  return { steps, input: { shape, encoder: { kind: "constant" } }, nodes, readout: { begin: begin ?? 0 } };
}
