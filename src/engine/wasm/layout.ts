/**
 * Where each parameter lies in the kernels' memory: padded for SIMD, and turned the way the products read it.
 *
 * Weights of a layer fed by dense inputs lie by unit, `[units, inputs]`, with at least one row of zeros behind them, which
 * stands in for the missing units of a panel. Weights of a layer fed by spikes lie by input, `[inputs, units]`. Padding is
 * 0 and stays 0, for its gradient is 0: so the optimiser walks over the whole as one vector.
 *
 * @module
 */
import { tensorOf } from "../checks.ts";
import type { Parameters } from "../engine.ts";
import type { LayerPlan, Plan } from "../plan.ts";

/** The least multiple of `step` that is not below `n`. */
export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

/** A layer's place. Offsets and strides are counted in floats. */
export interface LayerLayout {
  readonly layer: LayerPlan;
  readonly weights: number;
  readonly bias: number;
  /** From a weight to the same unit's for the next input. */
  readonly inputStride: number;
  /** From a weight to the next unit's for the same input. */
  readonly unitStride: number;
  /** Units of a row of currents or states, padded to whole vectors (8 where panels make them, else 4). */
  readonly width: number;
}

/** The places of all layers, and the size of the whole in floats. */
export interface ParameterLayout {
  readonly layers: readonly LayerLayout[];
  readonly size: number;
}

/**
 * Lays out a plan's parameters.
 *
 * @param isExternal The bottom layer's currents are made elsewhere, so no panels are.
 */
export function layOut(plan: Plan, isExternal = false): ParameterLayout {
  let size = 0;
  const take = (floats: number) => {
    const at = size;
    size += roundUp(floats, 16);
    return at;
  };
  const layers = plan.layers.map((layer): LayerLayout => {
    if (layer.source === "spikes") {
      const width = roundUp(layer.units, 4);
      const weights = take(layer.inputs * width);
      return { layer, weights, bias: take(width), inputStride: width, unitStride: 1, width };
    }
    const row = roundUp(layer.inputs, 4);
    const weights = take(roundUp(layer.units + 1, 4) * row);
    return {
      layer,
      weights,
      bias: take(roundUp(layer.units + 1, 8)),
      inputStride: 1,
      unitStride: row,
      width: roundUp(layer.units, isExternal ? 4 : 8),
    };
  });
  return { layers, size };
}

/** Parameters in file order → the kernels' layout. */
export function toLayout({ layers, size }: ParameterLayout, parameters: Parameters): Float32Array {
  const flat = new Float32Array(size);
  for (const { layer, weights, bias, inputStride, unitStride } of layers) {
    const w = tensorOf(parameters, `w${layer.index + 1}`, layer.units * layer.inputs);
    for (let unit = 0; unit < layer.units; unit++) {
      for (let input = 0; input < layer.inputs; input++) {
        flat[weights + unit * unitStride + input * inputStride] = w[unit * layer.inputs + input]!;
      }
    }
    flat.set(tensorOf(parameters, `b${layer.index + 1}`, layer.units), bias);
  }
  return flat;
}

/** The kernels' layout → parameters in file order. */
export function fromLayout({ layers }: ParameterLayout, flat: Float32Array): Map<string, Float32Array> {
  const parameters = new Map<string, Float32Array>();
  for (const { layer, weights, bias, inputStride, unitStride } of layers) {
    const w = new Float32Array(layer.units * layer.inputs);
    for (let unit = 0; unit < layer.units; unit++) {
      for (let input = 0; input < layer.inputs; input++) {
        w[unit * layer.inputs + input] = flat[weights + unit * unitStride + input * inputStride]!;
      }
    }
    parameters.set(`w${layer.index + 1}`, w);
    parameters.set(`b${layer.index + 1}`, flat.slice(bias, bias + layer.units));
  }
  return parameters;
}
