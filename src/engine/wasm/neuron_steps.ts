/**
 * Forward and backward pass of layers that keep their states, for every kind of neuron.
 *
 * Kernels are looked up by the kind's name (`stepLif`, `stepBackLif`). A recurrent layer runs step by step, since a step's currents
 * depend on the outputs of the one before.
 *
 * @module
 */
import { kindOf, type Trainable } from "../../network/neurons.ts";
import type { CoreMemory, LayerMemory } from "./core_memory.ts";
import type { Kernels, StepKernel } from "./kernels.ts";
import { fieldAt, writeDescriptor } from "./layer_descriptor.ts";

/** The value of a constant that a kind does not have, and of the padding: padded units never fire. */
const ABSENT = { decay: 0, threshold: 0, scale: 1 } as const satisfies Record<Trainable, number>;
const PADDING = { decay: 0, threshold: Infinity, scale: 0 } as const satisfies Record<Trainable, number>;

/** Runs of steps in the backward pass. */
interface Runs {
  readonly all: readonly { readonly from: number; readonly to: number }[];
  /** Ends a run. */
  end(): void;
  /** Ends the last one. */
  close(): void;
}

/** The field of a layer's descriptor that changes from sample to sample. */
const STEPS_AT = fieldAt("steps");

/** The operations `scan` and `scanBack` of layers that keep their states. */
export class NeuronSteps {
  readonly #kernels: Kernels;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  /** Up to so many steps are summed one after the other, and longer samples in runs (asm/long_sums.ts). */
  readonly #mostPlain: number;
  readonly #run: number;
  /** By layer. */
  readonly #steps: readonly StepKernel[];
  readonly #stepsBack: readonly StepKernel[];

  constructor(kernels: Kernels, { layers, gradients }: CoreMemory) {
    this.#kernels = kernels;
    this.#mostPlain = kernels.mostPlain();
    this.#run = kernels.runLength();
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#integers = new Int32Array(kernels.memory.buffer);
    for (const layer of layers) if (layer.layer.keepsStates) this.#describe(layer, gradients);
    this.#steps = layers.map(({ layer: { neuron } }) => kernels[`step${capitalised(neuron.kind)}`]);
    this.#stepsBack = layers.map(({ layer: { neuron } }) => kernels[`stepBack${capitalised(neuron.kind)}`]);
  }

  /** Computes the first `steps` steps of a layer. */
  scan(memory: LayerMemory, steps: number): void {
    const { descriptor, layer } = memory;
    const step = this.#steps[layer.index]!;
    this.#integers[(descriptor + STEPS_AT) >> 2] = steps;
    if (!layer.recurrent) {
      step(descriptor, 0, steps);
      return;
    }
    for (let t = 0; t < steps; t++) {
      feedBack(this.#kernels, memory, t);
      step(descriptor, t, t + 1);
    }
  }

  /** The backward pass of the same steps. */
  scanBack(memory: LayerMemory, steps: number): void {
    const { descriptor, layer, outputGradients, currentGradients, distances, width, recurrentAt } = memory;
    const stepBack = this.#stepsBack[layer.index]!;
    const row = 4 * width;
    const runs = this.#runsOf(memory, steps);
    if (!layer.recurrent) {
      for (const { from, to } of runs.all) {
        stepBack(descriptor, from, to);
        runs.end();
      }
    }
    for (let t = steps - 1; t >= 0 && layer.recurrent; t--) {
      if (t < steps - 1) {
        // deno-fmt-ignore
        this.#kernels.feedBackGradient(currentGradients + row * (t + 1), recurrentAt, outputGradients + row * t,
          layer.backwardFrom === "spikes" ? distances + row * t : 0, width);
      }
      stepBack(descriptor, t, t + 1);
      if (t % this.#run === 0) runs.end();
    }
    runs.close();
    // A product reads behind the last step, where a longer sample may have written.
    const end = (currentGradients + row * steps) >> 2;
    this.#floats.fill(0, end, end + 5 * width);
  }

  /**
   * The backward pass in runs of steps, the last one first: one run, or where gradients of learned constants are sums over many
   * steps, runs whose parts are added up in float64.
   */
  #runsOf(memory: LayerMemory, steps: number): Runs {
    const { learned, descriptor, width, constantParts, constantTotals } = memory;
    if (learned.size === 0 || steps <= this.#mostPlain) {
      return { all: [{ from: 0, to: steps }], end() {}, close() {} };
    }
    const names = [...learned.keys()], k = this.#kernels, run = this.#run;
    const fields = names.map((name) => (descriptor + fieldAt(`${name}Gradients`)) >> 2);
    const places = fields.map((field) => this.#integers[field]!);
    fields.forEach((field, i) => this.#integers[field] = constantParts + 4 * width * i);
    return {
      all: Array.from({ length: Math.ceil(steps / run) }, (_, i) => {
        return { from: run * i, to: Math.min(steps, run * (i + 1)) };
      }).reverse(),
      end: () => k.addParts(constantParts, constantTotals, names.length * width),
      close: () =>
        fields.forEach((field, i) => {
          this.#integers[field] = places[i]!;
          k.addTotals(constantTotals + 8 * width * i, places[i]!, width);
        }),
    };
  }

  /** Writes a layer's constants, and the descriptor that its kernels read. */
  #describe(memory: LayerMemory, gradients: number): void {
    const { layer: { neuron, units }, width, learned, unitConstants, constants, descriptor } = memory;
    const values = kindOf(neuron).trainables(neuron);
    for (const name of ["decay", "threshold", "scale"] as const) {
      if (learned.has(name)) continue; // it lies among the parameters
      const at = unitConstants[name] >> 2;
      this.#floats.fill(values[name] ?? ABSENT[name], at, at + units);
      this.#floats.fill(PADDING[name], at + units, at + width);
    }
    this.#floats.set(kindOf(neuron).constants(neuron), constants >> 2);
    const gradientOf = (name: Trainable) => {
      const at = learned.get(name);
      return at === undefined ? 0 : gradients + 4 * at;
    };
    writeDescriptor(this.#integers, descriptor, {
      units: width,
      steps: 0,
      currents: memory.currents,
      currentStride: memory.currentStride,
      feedback: memory.feedback,
      state: memory.state,
      decays: unitConstants.decay,
      thresholds: unitConstants.threshold,
      scales: unitConstants.scale,
      constants,
      potentials: memory.potentials,
      outputs: memory.outputs,
      distances: memory.distances,
      outputGradients: memory.outputGradients,
      stateGradients: memory.stateGradients,
      currentGradients: memory.currentGradients,
      decayGradients: gradientOf("decay"),
      thresholdGradients: gradientOf("threshold"),
      scaleGradients: gradientOf("scale"),
    });
  }
}

/** Computes V·o_{t-1} of a recurrent layer, at {@linkcode LayerMemory.feedback}. */
export function feedBack(kernels: Kernels, memory: LayerMemory, t: number): void {
  const { outputs, width, recurrentAt, feedback } = memory;
  kernels.feedBack(outputs + 4 * width * (t - 1), recurrentAt, feedback, width, feedback + 4 * width);
}

/** `lif` → `Lif`, as the kernels are named. */
function capitalised<Kind extends string>(kind: Kind): Capitalize<Kind> {
  return `${kind[0]!.toUpperCase()}${kind.slice(1)}` as Capitalize<Kind>;
}
