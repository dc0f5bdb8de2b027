/** Batch normalisation as part of the operator before it, for inference. */
import { type GraphNode, type GraphSpec, isNeuronNode } from "./graph.ts";
import type { Model } from "./model_file.ts";
import { parseNetworkSpec } from "./parse_graph.ts";
import type { BatchNormOperator } from "./operators.ts";
import type { Edge, Place } from "./place.ts";

type BatchNormNode = BatchNormOperator & Place;
type Tensors = Map<string, Float32Array>;

/**
 * Folds batch normalisation into the weights and bias of the convolution or affine operator before it. What the network answers stays the
 * same but for rounding (float32): one pass over the numbers of a layer is saved.
 *
 * A normalisation is folded where the operator feeds it alone, directly or through pools: an average or sum without padding, or, if no
 * channel's factor is negative, a maximum. Others stay.
 *
 * @returns A model that answers alike; the same one where nothing can be folded. It is not for training.
 */
export function foldBatchNorm(model: Model): Model {
  let spec = model.spec;
  const parameters = new Map(model.parameters);
  for (const { id } of model.spec.nodes) {
    const node = spec.nodes.find((other) => other.id === id);
    if (node?.kind === "batchNorm") spec = fold(spec, node, parameters) ?? spec;
  }
  if (spec === model.spec) return model;
  // Biases that folding has added come behind their weights, as in any model.
  const parsed = parseNetworkSpec(spec);
  const names = parsed.nodes.flatMap(({ id }) =>
    [...parameters.keys()].filter((name) => name.startsWith(`${id}.`))
  );
  return {
    ...model,
    spec: parsed,
    parameters: new Map(names.map((name) => [name, parameters.get(name)!])),
  };
}

/** Folds one normalisation. @returns `undefined` where it cannot be. */
function fold(spec: GraphSpec, norm: BatchNormNode, parameters: Tensors): GraphSpec | undefined {
  const { weight, bias, mean, variance } = tensorsOf(norm.id, parameters);
  const factors = weight.map((gamma, c) => gamma / Math.sqrt(variance[c]! + norm.epsilon));
  const shifts = factors.map((factor, c) => bias[c]! - factor * mean[c]!);
  const found = sourceOf(spec, norm, factors.every((factor) => factor >= 0));
  if (!found) return undefined;
  const { source, terms } = found, name = `${source.id}.weight`, bare = parameters.get(name)!;
  const fanIn = bare.length / factors.length;
  parameters.set(name, Float32Array.from(bare, (w, i) => w * factors[Math.floor(i / fanIn)]!));
  const own = parameters.get(`${source.id}.bias`);
  parameters.set(
    `${source.id}.bias`,
    Float32Array.from(factors, (factor, c) => factor * (own?.[c] ?? 0) + shifts[c]! / terms),
  );
  for (const tensor of ["weight", "bias", "mean", "variance"]) parameters.delete(`${norm.id}.${tensor}`);
  const before = norm.from[0]!.node;
  return {
    ...spec,
    nodes: spec.nodes.filter((node) => node !== norm).map((node) => ({
      ...node,
      ...(node === source && { bias: true }),
      from: node.from.map((edge) => edge.node === norm.id ? { ...edge, node: before } : edge),
    })),
  };
}

function tensorsOf(id: string, parameters: Tensors) {
  const tensor = (name: string) => Float64Array.from(parameters.get(`${id}.${name}`)!);
  return {
    weight: tensor("weight"),
    bias: tensor("bias"),
    mean: tensor("mean"),
    variance: tensor("variance"),
  };
}

/**
 * The operator that a normalisation can be folded into, and how many of its numbers one number of the normalisation's input is a sum of.
 *
 * @param isRising No channel's factor is negative: the factor of a maximum is the maximum of what the factor makes.
 */
function sourceOf(
  { nodes }: GraphSpec,
  norm: BatchNormNode,
  isRising: boolean,
): { readonly source: GraphNode; readonly terms: number } | undefined {
  let node: GraphNode = norm, terms = 1;
  for (;;) {
    const edge: Edge = node.from[0]!;
    const before: GraphNode | undefined = nodes.find(({ id }) => id === edge.node);
    if (node.from.length > 1 || edge.delay > 0 || !before || isNeuronNode(before)) return undefined;
    const readers = nodes.flatMap(({ from }) => from.filter(({ node }) => node === before.id));
    if (readers.length > 1) return undefined;
    switch (before.kind) {
      case "conv2d":
      case "affine":
        return { source: before, terms };
      case "maxPool2d":
        if (!isRising) return undefined;
        break;
      case "avgPool2d":
      case "sumPool2d":
        if (before.padding.some((width) => width > 0)) return undefined;
        if (before.kind === "sumPool2d") terms *= before.kernel[0] * before.kernel[1];
        break;
      default:
        return undefined;
    }
    node = before;
  }
}
