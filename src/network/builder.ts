/** Builds a network's description in TypeScript: fills in defaults and checks all of it. */
import type { Encoder } from "./encoders.ts";
import type { Edge, GraphReadout, GraphSpec, Shape } from "./graph.ts";
import { type GradedNeuron, type IntegratorNeuron, type LifNeuron, type Neuron, NEURONS } from "./neurons.ts";
import type {
  AffineOperator,
  AvgPool2dOperator,
  BatchNormOperator,
  Conv2dOperator,
  DelayOperator,
  DropoutOperator,
  FlattenOperator,
  MaxPool2dOperator,
  Pair,
  ScaleOperator,
  SumPool2dOperator,
} from "./operators.ts";
import { parseNetworkSpec } from "./parse_graph.ts";
import type { LayerSpec, Loss, Readout } from "./parts.ts";

/** An encoder without its defaults. */
export type EncoderDescription = {
  [Kind in Encoder["kind"]]: Partial<Extract<Encoder, { kind: Kind }>> & { readonly kind: Kind };
}[Encoder["kind"]];

/** A chain of layers without its defaults. */
export interface NetworkDescription {
  /** K, features of a sample at one step. */
  readonly inputs: number;
  /** T, time steps. */
  readonly steps: number;
  /** How a sample becomes the inputs of each step. @default {direct} */
  readonly encoder?: EncoderDescription;
  /** From the inputs up; see {@linkcode layer}. */
  readonly layers: readonly (Partial<LayerSpec> & Pick<LayerSpec, "units" | "neuron">)[];
  /** How the last layer is read. @default {the mean of its states} */
  readonly readout?: Partial<Readout>;
  /** What training minimises. @default {cross-entropy} */
  readonly loss?: Loss;
}

/** An edge as the id of a node or `"input"`, or with a delay. */
export type EdgeDescription = string | Pick<Edge, "node"> & Partial<Edge>;

/** A node's place in the graph, without its defaults. */
export interface NodePlace {
  /** Its name. @default {its kind and its number among the nodes of its kind, such as `lif2`} */
  readonly id?: string;
  /** The edges whose values are summed. @default {the node before; of the first, `"input"`} */
  readonly from?: EdgeDescription | readonly EdgeDescription[];
}

/** A node of a {@linkcode GraphDescription}. */
export type NodeDescription =
  & (
    | Neuron
    | Pick<AffineOperator, "kind" | "units"> & Partial<AffineOperator>
    | Pick<Conv2dOperator, "kind" | "channels" | "kernel"> & Partial<Conv2dOperator>
    | Pick<AvgPool2dOperator, "kind" | "kernel"> & Partial<AvgPool2dOperator>
    | Pick<SumPool2dOperator, "kind" | "kernel"> & Partial<SumPool2dOperator>
    | Pick<MaxPool2dOperator, "kind" | "kernel"> & Partial<MaxPool2dOperator>
    | Pick<BatchNormOperator, "kind"> & Partial<BatchNormOperator>
    | DropoutOperator
    | ScaleOperator
    | FlattenOperator
    | DelayOperator
  )
  & NodePlace;

/** A {@linkcode GraphSpec} without its defaults. */
export interface GraphDescription {
  /** T, time steps. */
  readonly steps: number;
  /** A sample's shape at one step, and its encoder. */
  readonly input: {
    /** `[units]` or `[channels, height, width]`. */
    readonly shape: Shape;
    /** The encoder. @default {direct} */
    readonly encoder?: EncoderDescription;
  };
  /** See {@linkcode affine}, {@linkcode scale}, {@linkcode flatten}, {@linkcode delay}, {@linkcode lif} and its like. */
  readonly nodes: readonly NodeDescription[];
  /** The readout. @default {the mean of the last node's states} */
  readonly readout?: Partial<GraphReadout>;
  /** What training minimises. @default {cross-entropy} */
  readonly loss?: Loss;
}

/**
 * Describes a network as a graph of operators and neurons.
 *
 * @throws {InputError} when a part is missing or out of range, or shapes do not agree; the message names the path or the node.
 *
 * @example Two populations that excite each other, and a skip edge
 * ```ts
 * import { affine, integrator, lif, network } from "@spikelet/spikelet";
 *
 * const spec = network({
 *   steps: 25,
 *   input: { shape: [784], encoder: { kind: "constant" } },
 *   nodes: [
 *     affine(100),
 *     affine(100, { id: "back", bias: false, from: { node: "lif2", delay: 1 } }),
 *     lif({ decay: 0.95 }, { from: ["affine1", "back"] }),
 *     affine(50),
 *     lif(),
 *     affine(10, { id: "fromFirst", from: "lif1" }),
 *     affine(10, { id: "fromSecond", from: "lif2" }),
 *     integrator({}, { id: "out", from: ["fromFirst", "fromSecond"] }),
 *   ],
 * });
 * console.log(spec.readout.node); // out
 * ```
 */
export function network(description: GraphDescription): GraphSpec;
/**
 * Describes a network as a chain of layers.
 *
 * @throws {InputError} when a part is missing or out of range; the message names its path.
 *
 * @example A recurrent layer of leaky integrate-and-fire neurons that learn their decay, under a readout
 * ```ts
 * import { integrator, layer, lif, network } from "@spikelet/spikelet";
 *
 * const spec = network({
 *   inputs: 784,
 *   steps: 25,
 *   encoder: { kind: "constant" },
 *   layers: [
 *     layer(128, lif({ decay: 0.95, trainable: ["decay"] }), { recurrent: true }),
 *     layer(10, integrator({ decay: 0.9 })),
 *   ],
 *   readout: { from: "state", reduce: "max" },
 * });
 * console.log(spec.nodes.map(({ id }) => id)); // [ "fc1", "rec1", "neuron1", "fc2", "neuron2" ]
 * ```
 */
export function network(description: NetworkDescription): GraphSpec;
export function network(description: GraphDescription | NetworkDescription): GraphSpec {
  if (!("nodes" in description)) return parseNetworkSpec(description);
  const numbers = new Map<string, number>();
  const nodes = description.nodes.map((node) => {
    const number = (numbers.get(node.kind) ?? 0) + 1;
    numbers.set(node.kind, number);
    return { id: `${node.kind}${number}`, ...node };
  });
  return parseNetworkSpec({ ...description, nodes });
}

/** Describes a layer of units with the same neuron. */
export function layer(
  units: number,
  neuron: Neuron,
  options: Partial<Pick<LayerSpec, "delay" | "recurrent">> = {},
): LayerSpec {
  return { units, delay: 0, ...options, neuron };
}

/** A graded neuron; the notebook's constants are the defaults. @param place Of a node. */
export function graded(
  constants: Partial<Omit<GradedNeuron, "kind">> = {},
  place: NodePlace = {},
): GradedNeuron & NodePlace {
  return { ...NEURONS.graded.defaults, ...constants, ...place };
}

/**
 * A leaky integrate-and-fire neuron; defaults: decay 0.9, threshold 1, reset by subtraction, surrogate atan.
 *
 * @param place Of a node.
 */
export function lif(
  constants: Partial<Omit<LifNeuron, "kind">> = {},
  place: NodePlace = {},
): LifNeuron & NodePlace {
  return { ...NEURONS.lif.defaults, ...constants, ...place };
}

/** An integrator; the default decay is 0.9. @param place Of a node. */
export function integrator(
  constants: Partial<Omit<IntegratorNeuron, "kind">> = {},
  place: NodePlace = {},
): IntegratorNeuron & NodePlace {
  return { ...NEURONS.integrator.defaults, ...constants, ...place };
}

/** W·x + b, `units` numbers. */
export function affine(
  units: number,
  options: Partial<Pick<AffineOperator, "bias">> & NodePlace = {},
): AffineOperator & NodePlace {
  return { kind: "affine", units, bias: true, ...options };
}

/** A number for both axes, or one for each. */
export type Extent = number | Pair;

/** Fields of a convolution that have defaults. */
export interface Conv2dOptions extends NodePlace {
  /** From position to position. @default {1} */
  readonly stride?: Extent;
  /** Rows and columns of zeros on each side. @default {0} */
  readonly padding?: Extent;
  /** From number to number of the kernel. @default {1} */
  readonly dilation?: Extent;
  /** Into how many groups channels are cut. @default {1} */
  readonly groups?: number;
  /** Whether a bias is added. @default {true} */
  readonly bias?: boolean;
}

/** Fields of a pool that have defaults. */
export interface PoolOptions extends NodePlace {
  /** From position to position. @default {the window's} */
  readonly stride?: Extent;
  /** Rows and columns on each side. @default {0} */
  readonly padding?: Extent;
}

/** A convolution: `channels` maps, of a kernel `[rows, columns]`. */
export function conv2d(
  channels: number,
  kernel: Extent,
  { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, ...place }: Conv2dOptions = {},
): Conv2dOperator & NodePlace {
  return {
    kind: "conv2d",
    channels,
    kernel: pairOf(kernel),
    stride: pairOf(stride),
    padding: pairOf(padding),
    dilation: pairOf(dilation),
    groups,
    bias,
    ...place,
  };
}

/** A convolution over columns alone, of inputs `[channels, 1, width]`. @param kernel Columns; so are the options' numbers. */
export function conv1d(
  channels: number,
  kernel: number,
  { stride = 1, padding = 0, dilation = 1, ...options }:
    & Omit<Conv2dOptions, "stride" | "padding" | "dilation">
    & { readonly stride?: number; readonly padding?: number; readonly dilation?: number } = {},
): Conv2dOperator & NodePlace {
  return conv2d(channels, [1, kernel], {
    ...options,
    stride: [1, stride],
    padding: [0, padding],
    dilation: [1, dilation],
  });
}

/** The mean over windows. */
export function avgPool2d(kernel: Extent, options: PoolOptions = {}): AvgPool2dOperator & NodePlace {
  return { kind: "avgPool2d", ...poolOf(kernel, options) };
}

/** The sum over windows. */
export function sumPool2d(kernel: Extent, options: PoolOptions = {}): SumPool2dOperator & NodePlace {
  return { kind: "sumPool2d", ...poolOf(kernel, options) };
}

/** The largest number of windows. */
export function maxPool2d(kernel: Extent, options: PoolOptions = {}): MaxPool2dOperator & NodePlace {
  return { kind: "maxPool2d", ...poolOf(kernel, options) };
}

function poolOf(kernel: Extent, { stride = kernel, padding = 0, ...place }: PoolOptions) {
  return { kernel: pairOf(kernel), stride: pairOf(stride), padding: pairOf(padding), ...place };
}

function pairOf(extent: Extent): Pair {
  return typeof extent === "number" ? [extent, extent] : extent;
}

/** Normalisation by channel over samples, steps and positions of a training batch. */
export function batchNorm(
  options: Partial<Omit<BatchNormOperator, "kind">> & NodePlace = {},
): BatchNormOperator & NodePlace {
  return { kind: "batchNorm", momentum: 0.1, epsilon: 1e-5, gamma: 1, ...options };
}

/** In training, leaves numbers out with a probability, the same ones at all steps of a sample. */
export function dropout(rate: number, place: NodePlace = {}): DropoutOperator & NodePlace {
  return { kind: "dropout", rate, ...place };
}

/** s ∘ x, with a learned factor for each number of the input. */
export function scale(place: NodePlace = {}): ScaleOperator & NodePlace {
  return { kind: "scale", ...place };
}

/** The numbers of the input as `[units]`, in the order channel, row, column. */
export function flatten(place: NodePlace = {}): FlattenOperator & NodePlace {
  return { kind: "flatten", ...place };
}

/** The input of an earlier step, with a fixed delay for each number of it. */
export function delay(place: NodePlace = {}): DelayOperator & NodePlace {
  return { kind: "delay", ...place };
}
