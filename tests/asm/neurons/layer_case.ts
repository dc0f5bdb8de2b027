/**
 * A layer of neurons in a kernel's memory (descriptor and arrays of every step), and the same layer in float64.
 *
 * @module
 */
import { LAYER_FIELDS, type LayerDescriptor } from "../../../src/engine/wasm/layer_descriptor.ts";
import type { StepKernel } from "../../../src/engine/wasm/kernels.ts";
import { type CompleteNeuron, kindOf, type Trainable } from "../../../src/network/neurons.ts";
import {
  AT_REST,
  constantsOf,
  NO_GRADIENT,
  stepUnit,
  stepUnitBack,
  type UnitGradient,
  type UnitState,
} from "../../engine/reference_neurons.ts";
import type { KernelMemory } from "../kernel_memory.ts";
import { assertClose, assertSameBits, uniformFloats } from "../numbers.ts";

/** A neuron, with the sizes and the inputs of its layer. */
export interface LayerCase {
  readonly neuron: CompleteNeuron;
  readonly steps: number;
  /** A multiple of 4. */
  readonly units: number;
  /** The input is the same at every step. */
  readonly isConstant?: boolean;
  /** The layer has recurrent feedback. */
  readonly hasFeedback?: boolean;
  /** The readout reads potentials. */
  readonly isRead?: boolean;
}

const NAMES = ["decay", "threshold", "scale"] as const satisfies readonly Trainable[];

/** A layer in memory, for a forward and a backward pass. */
export class PlacedLayer {
  readonly #memory: KernelMemory;
  readonly #case: LayerCase;
  readonly #constants: Record<Trainable, Float32Array>;
  readonly #currents: Float32Array;
  readonly #feedback: Float32Array;
  readonly #outputGradients: Float32Array;
  readonly #stateGradients: Float32Array;
  readonly #fields: LayerDescriptor;
  readonly #descriptor: number;

  constructor(memory: KernelMemory, layer: LayerCase, seed: number) {
    const { neuron, steps, units, isConstant = false, hasFeedback = false, isRead = false } = layer;
    const size = steps * units;
    this.#memory = memory;
    this.#case = layer;
    const first = { decay: 0, threshold: 0, scale: 1, ...kindOf(neuron).trainables(neuron) };
    const near = (name: Trainable, i: number) =>
      uniformFloats(seed + i, units).map((value) => first[name] + 0.05 * value);
    this.#constants = { decay: near("decay", 1), threshold: near("threshold", 2), scale: near("scale", 3) };
    this.#currents = uniformFloats(seed + 4, isConstant ? units : size, 1.5);
    this.#feedback = uniformFloats(seed + 5, units, hasFeedback ? 0.5 : 0);
    this.#outputGradients = uniformFloats(seed + 6, size);
    this.#stateGradients = uniformFloats(seed + 7, size, isRead ? 1 : 0);
    const potentials = memory.output(size);
    const gradients = () => memory.updated(uniformFloats(seed + 8, units));
    this.#fields = {
      units,
      steps,
      currents: memory.floats(this.#currents),
      currentStride: isConstant ? 0 : 4 * units,
      feedback: hasFeedback ? memory.floats(this.#feedback) : 0,
      state: memory.output(4 * units),
      decays: memory.floats(this.#constants.decay),
      thresholds: memory.floats(this.#constants.threshold),
      scales: memory.floats(this.#constants.scale),
      constants: memory.floats(kindOf(neuron).constants(neuron)),
      potentials,
      outputs: kindOf(neuron).isSpiking ? memory.output(size) : potentials,
      distances: memory.output(size),
      outputGradients: memory.floats(this.#outputGradients),
      stateGradients: isRead ? memory.floats(this.#stateGradients) : 0,
      currentGradients: memory.output(size),
      decayGradients: gradients(),
      thresholdGradients: gradients(),
      scaleGradients: gradients(),
    };
    this.#descriptor = memory.integers(LAYER_FIELDS.map((field) => this.#fields[field]));
  }

  /** The forward and the backward pass through all steps, `chunk` steps per call. */
  run(step: StepKernel, stepBack: StepKernel, chunk = this.#case.steps): void {
    const { steps } = this.#case;
    for (let from = 0; from < steps; from += chunk) {
      step(this.#descriptor, from, Math.min(from + chunk, steps));
    }
    for (let to = steps; to > 0; to -= chunk) stepBack(this.#descriptor, Math.max(0, to - chunk), to);
  }

  /** The arrays that the kernels have written, by field. */
  results(): Map<string, Float32Array> {
    const { units, steps, neuron } = this.#case;
    const fires = kindOf(neuron).isSpiking;
    const names: (keyof LayerDescriptor)[] = ["potentials", "outputs", "currentGradients"];
    if (fires) names.push("distances");
    return new Map([
      ...names.map((
        name,
      ): [string, Float32Array] => [name, this.#memory.floatsAt(this.#at(name), steps * units)]),
      ...NAMES.map((name): [string, Float32Array] => [
        `${name}Gradients`,
        this.#memory.floatsAt(this.#at(`${name}Gradients`), units),
      ]),
    ]);
  }

  /** The same arrays from the float64 reference; `margin` is the least |u' − θ|. */
  expected(seed: number): { results: Map<string, Float64Array>; margin: number } {
    const { neuron, steps, units, isConstant } = this.#case;
    const rows = () => new Float64Array(steps * units);
    const results = { potentials: rows(), outputs: rows(), distances: rows(), currentGradients: rows() };
    const constantGradients = NAMES.map((name): [string, Float64Array] => [
      `${name}Gradients`,
      Float64Array.from(uniformFloats(seed + 8, units)), // the kernels add to these
    ]);
    let margin = Infinity;
    for (let n = 0; n < units; n++) {
      const constants = constantsOf(neuron, {
        decay: this.#constants.decay[n]!,
        threshold: this.#constants.threshold[n]!,
        scale: this.#constants.scale[n]!,
      });
      const states: UnitState[] = [];
      for (let t = 0; t < steps; t++) {
        const current = this.#currents[isConstant ? n : t * units + n]! + this.#feedback[n]!;
        const state = stepUnit(neuron, constants, states[t - 1] ?? AT_REST, current);
        states.push(state);
        margin = Math.min(margin, Math.abs(state.v));
        results.potentials[t * units + n] = state.u;
        results.outputs[t * units + n] = state.o;
        results.distances[t * units + n] = state.v;
      }
      let later: UnitGradient = NO_GRADIENT;
      for (let t = steps - 1; t >= 0; t--) {
        const at = t * units + n;
        const past = states[t - 1] ?? AT_REST;
        const output = this.#outputGradients[at]!, read = this.#stateGradients[at]!;
        later = stepUnitBack(neuron, constants, states[t]!, past, output, read, later);
        results.currentGradients[at] = later.s;
        NAMES.forEach((name, i) => constantGradients[i]![1][n]! += later[name]);
      }
    }
    return { results: new Map([...Object.entries(results), ...constantGradients]), margin };
  }

  #at(field: keyof LayerDescriptor): number {
    return this.#fields[field];
  }
}

/** Within this distance of the threshold, float32 and float64 may decide a spike differently. */
const MARGIN = 1e-4;

/**
 * Compares a neuron's kernels with the reference at odd numbers of steps and units, and the bits of one call over all steps
 * with those of several. Leaves out layers with a potential within {@linkcode MARGIN} of its threshold.
 *
 * @param allSteps The numbers of steps.
 * @returns How many layers were compared.
 */
export function compareWithReference(
  memory: KernelMemory,
  neuron: CompleteNeuron,
  kernels: { step: StepKernel; stepBack: StepKernel },
  allSteps: readonly number[] = [1, 2, 3, 7, 25],
): number {
  let compared = 0, seed = 1;
  for (const steps of allSteps) {
    for (const units of [4, 12, 36]) {
      for (
        const [isConstant, hasFeedback, isRead] of [[true, false, false], [false, true, true], [
          false,
          false,
          true,
        ]]
      ) {
        const layer = {
          neuron,
          steps,
          units,
          isConstant: isConstant!,
          hasFeedback: hasFeedback!,
          isRead: isRead!,
        };
        seed += 10;
        const placed = new PlacedLayer(memory, layer, seed);
        const { results, margin } = placed.expected(seed);
        if (kindOf(neuron).isSpiking && margin < MARGIN) continue;
        placed.run(kernels.step, kernels.stepBack);
        const found = placed.results();
        for (const [name, values] of found) {
          assertClose(values, results.get(name)!, `${name} of ${JSON.stringify(layer)}`, { relative: 1e-4 });
        }
        const divided = new PlacedLayer(memory, layer, seed);
        divided.run(kernels.step, kernels.stepBack, 2);
        const again = divided.results();
        // Gradients of constants sum over all steps and keep their bits, too.
        for (const [name, values] of again) assertSameBits(values, found.get(name)!, name);
        memory.clear();
        compared++;
      }
    }
  }
  return compared;
}
