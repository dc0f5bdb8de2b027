/**
 * A layer of neurons in a kernel's memory (descriptor and arrays of every step), and the same layer in float64.
 *
 * @module
 */
import { LAYER_FIELDS, type LayerDescriptor } from "../../../src/engine/wasm/layer_descriptor.ts";
import { type StepKernel, stepKernel } from "../../../src/engine/wasm/kernels.ts";
import {
  type CompleteNeuron,
  type Constant,
  kernelConstantsOf,
  kindOf,
  TRAINABLE,
} from "../../../src/network/neurons.ts";
import {
  constantsOf,
  firstState,
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
  /** Units differ in the constants that are not trainable, too. */
  readonly isPerUnit?: boolean;
}

/** A layer in memory, for a forward and a backward pass. */
export class PlacedLayer {
  readonly #memory: KernelMemory;
  readonly #case: LayerCase;
  readonly #constants: ReadonlyMap<Constant, Float32Array>;
  readonly #currents: Float32Array;
  readonly #feedback: Float32Array;
  readonly #outputGradients: Float32Array;
  readonly #stateGradients: Float32Array;
  readonly #fields: LayerDescriptor;
  readonly #descriptor: number;

  constructor(memory: KernelMemory, layer: LayerCase, seed: number) {
    const { neuron, steps, units, isConstant = false, hasFeedback = false, isRead = false, isPerUnit } =
      layer;
    const size = steps * units, kind = kindOf(neuron);
    this.#memory = memory;
    this.#case = layer;
    const near = (name: Constant, first: number, i: number) =>
      uniformFloats(seed + i, units).map((value) => {
        const near = first + 0.05 * value;
        return name.toLowerCase().endsWith("decay") ? Math.max(0, Math.min(1, near)) : near;
      });
    const own = kind.values(neuron);
    this.#constants = new Map(
      kernelConstantsOf(neuron).map(({ name, value }, i) => [
        name,
        name in own && (isPerUnit || i < TRAINABLE.length)
          ? near(name, value, 1 + i)
          : new Float32Array(units).fill(value),
      ]),
    );
    const values = (name: Constant) => memory.floats(this.#constants.get(name)!);
    /** Kernels of layers whose units share a constant read the first value alone. */
    const others = (name: Constant) =>
      isPerUnit
        ? values(name)
        : memory.floats(this.#constants.get(name)!.map((value, i) => i === 0 ? value : NaN));
    this.#currents = uniformFloats(seed + 12, isConstant ? units : size, 1.5);
    this.#feedback = uniformFloats(seed + 13, units, hasFeedback ? 0.5 : 0);
    this.#outputGradients = uniformFloats(seed + 14, size);
    this.#stateGradients = uniformFloats(seed + 15, size, isRead ? 1 : 0);
    const potentials = memory.output(size);
    const gradients = () => memory.updated(uniformFloats(seed + 8, units));
    this.#fields = {
      units,
      steps,
      currents: memory.floats(this.#currents),
      currentStride: isConstant ? 0 : 4 * units,
      feedback: hasFeedback ? memory.floats(this.#feedback) : 0,
      state: memory.output(4 * units),
      decays: values("decay"),
      thresholds: values("threshold"),
      scales: values("scale"),
      starts: values("start"),
      constants: memory.integers(kind.constants.map(others)),
      settings: memory.floats(kind.settings(neuron)),
      potentials,
      outputs: kind.isSpiking ? memory.output(size) : potentials,
      distances: memory.output(size),
      outputGradients: memory.floats(this.#outputGradients),
      outputGradientStride: 4 * units,
      shares: 0,
      stateGradients: isRead ? memory.floats(this.#stateGradients) : 0,
      currentGradients: memory.output(size),
      currentGradientStride: 4 * units,
      decayGradients: gradients(),
      thresholdGradients: gradients(),
      scaleGradients: gradients(),
      startGradients: gradients(),
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
      ...TRAINABLE.map((name): [string, Float32Array] => [
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
    const constantGradients = TRAINABLE.map((name): [string, Float64Array] => [
      `${name}Gradients`,
      Float64Array.from(uniformFloats(seed + 8, units)), // the kernels add to these
    ]);
    let margin = Infinity;
    for (let n = 0; n < units; n++) {
      const own = [...this.#constants].map(([name, values]) => [name, values[n]!]);
      const constants = constantsOf(neuron, Object.fromEntries(own));
      const states: UnitState[] = [];
      for (let t = 0; t < steps; t++) {
        const current = this.#currents[isConstant ? n : t * units + n]! + this.#feedback[n]!;
        const state = stepUnit(neuron, constants, states[t - 1] ?? firstState(constants), current);
        states.push(state);
        margin = Math.min(margin, Math.abs(state.v), state.turn);
        results.potentials[t * units + n] = state.u;
        results.outputs[t * units + n] = state.o;
        results.distances[t * units + n] = state.v;
      }
      let later: UnitGradient = NO_GRADIENT;
      for (let t = steps - 1; t >= 0; t--) {
        const at = t * units + n;
        const past = states[t - 1] ?? firstState(constants);
        const output = this.#outputGradients[at]!, read = this.#stateGradients[at]!;
        later = stepUnitBack(neuron, constants, states[t]!, past, output, read, later);
        results.currentGradients[at] = later.s;
        TRAINABLE.forEach((name, i) => {
          if (name !== "start" || t === 0) constantGradients[i]![1][n]! += later[name];
        });
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
 * Compares a neuron's kernels, those for units that share constants and those for units that do not, with the reference at odd numbers of steps and units, and the bits of one call over all steps
 * with those of several. Leaves out layers with a potential within {@linkcode MARGIN} of its threshold.
 *
 * @param kernel What they are called after, such as `Lif`.
 * @param allSteps The numbers of steps.
 * @returns How many layers were compared.
 */
export function compareWithReference(
  memory: KernelMemory,
  neuron: CompleteNeuron,
  kernel: string,
  allSteps: readonly number[] = [1, 2, 3, 7, 25],
): number {
  let compared = 0;
  for (const isPerUnit of [false, true]) {
    const name = isPerUnit ? `${kernel}PerUnit` : kernel;
    const step = stepKernel(memory.kernels, "step", name);
    const stepBack = stepKernel(memory.kernels, "stepBack", name);
    let seed = 1;
    for (const layer of layersOf(neuron, isPerUnit, allSteps)) {
      seed += 10;
      const placed = new PlacedLayer(memory, layer, seed);
      const { results, margin } = placed.expected(seed);
      if (kindOf(neuron).isSpiking && margin < MARGIN) continue;
      placed.run(step, stepBack);
      const found = placed.results();
      for (const [name, values] of found) {
        const expected = results.get(name)!;
        // Gradients of constants are sums whose terms cancel.
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
        const tolerance = { relative: 1e-4, absolute: 1e-5 * largest };
        assertClose(values, expected, `${name} of ${JSON.stringify(layer)}`, tolerance);
      }
      const divided = new PlacedLayer(memory, layer, seed);
      divided.run(step, stepBack, 2);
      // Gradients of constants sum over all steps and keep their bits, too.
      for (const [name, values] of divided.results()) assertSameBits(values, found.get(name)!, name);
      memory.clear();
      compared++;
    }
  }
  return compared;
}

function layersOf(neuron: CompleteNeuron, isPerUnit: boolean, allSteps: readonly number[]): LayerCase[] {
  const inputs = [
    { isConstant: true },
    { hasFeedback: true, isRead: true },
    { isRead: true },
  ];
  return allSteps.flatMap((steps) =>
    [4, 12, 36].flatMap((units) => inputs.map((input) => ({ neuron, steps, units, isPerUnit, ...input })))
  );
}
