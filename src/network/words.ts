/** A network and its layers in words. */
import { count } from "../text/figures.ts";
import type { Shape } from "./shape.ts";
import type { NetworkSpec } from "./spec.ts";
import { type Population, structureOf } from "./structure.ts";

/** A network's sizes, those of the input and of each layer in the order of the description: `784-100-10`, `1×28×28-12×24×24-10`. */
export function sizesOf(spec: NetworkSpec): string {
  const { inputShape, populations } = structureOf(spec);
  return [inputShape, ...populations.map(({ shape }) => shape)].map(sizeOfShape).join("-");
}

function sizeOfShape(shape: Shape): string {
  return shape.join("×");
}

/** A network's sizes and steps: `784-100-10, 128 steps`. */
export function describeNetwork(spec: NetworkSpec): string {
  return spec.steps > 1 ? `${sizesOf(spec)}, ${count(spec.steps)} steps` : sizesOf(spec);
}

/**
 * `layer 1`, `layer 2`, …, in the order of the description; the one that is read out is the output layer. A node with a name of its own
 * is named, too: `layer 1 (lif1)`.
 *
 * @param layer From 0.
 */
export function layerName(spec: NetworkSpec, layer: number): string {
  return shortLayerName(spec, layer, "the output layer") + ownNameOf(structureOf(spec).populations[layer]!);
}

/** A layer's number, with its node's name where that is one of its own: `1`, `1 (lif1)`. @param layer From 0. */
export function numberOfLayer(spec: NetworkSpec, layer: number): string {
  return `${layer + 1}${ownNameOf(structureOf(spec).populations[layer]!)}`;
}

/**
 * `layer 1`, `layer 2`, …, where there is little room.
 *
 * @param layer From 0.
 * @param output The name of the layer that is read out.
 */
export function shortLayerName(spec: NetworkSpec, layer: number, output: string): string {
  return structureOf(spec).populations[layer]!.isReadout ? output : `layer ${layer + 1}`;
}

/** The name in brackets of a node that is not called by its place in a list of layers. */
function ownNameOf({ id, index }: Population): string {
  return id === `neuron${index + 1}` ? "" : ` (${id})`;
}
