/**
 * A network and its layers in words.
 *
 * @module
 */
import { count } from "../text/figures.ts";
import type { NetworkSpec } from "./spec.ts";

/** A network's sizes: `784-100-10`. */
export function sizesOf({ inputs, layers }: Pick<NetworkSpec, "inputs" | "layers">): string {
  return [inputs, ...layers.map(({ units }) => units)].join("-");
}

/** A network's sizes and steps: `784-100-10, 128 steps`. */
export function describeNetwork(spec: NetworkSpec): string {
  return spec.steps > 1 ? `${sizesOf(spec)}, ${count(spec.steps)} steps` : sizesOf(spec);
}

/**
 * `layer 1`, `layer 2`, …; the last one is the output layer.
 *
 * @param layer From 0.
 * @param top The last one.
 * @param output The last one's name, where there is little room.
 */
export function layerName(layer: number, top: number, output = "the output layer"): string {
  return layer === top ? output : `layer ${layer + 1}`;
}
