/** Steps of operators that have kernels of their own, and sums of values. */
import type { SumStep } from "../plan/plan.ts";
import type { CoreMemory } from "./core_memory.ts";
import { type Kernels, type StepKernel, stepKernel } from "./kernels.ts";
import { OPERATOR_FIELDS } from "./operator_descriptor.ts";

/** The field of a descriptor that changes from sample to sample, in words. */
const STEPS_AT = OPERATOR_FIELDS.indexOf("steps");

/** The steps `operate`, `operateBack`, `operatorGradient` and `sum`. */
export class OperatorSteps {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #integers: Int32Array;
  readonly #forward: readonly StepKernel[];
  readonly #backward: readonly StepKernel[];
  readonly #tensors: ReadonlyMap<string, number>;
  /** The present sample's place in its group. */
  #slot = 0;

  constructor(kernels: Kernels, memory: CoreMemory) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#integers = new Int32Array(kernels.memory.buffer);
    const kinds = memory.operators.map(({ operator }) => operator.kernel);
    this.#forward = kinds.map((kind) => stepKernel(kernels, "forward", kind));
    this.#backward = kinds.map((kind) => stepKernel(kernels, "backward", kind));
    this.#tensors = new Map(
      memory.layout.tensors.map(({ tensor: { name }, at }) => [name, memory.parameters + 4 * at]),
    );
  }

  /** Tells the kernels how many steps the sample has. */
  begin(steps: number, slot: number): void {
    this.#slot = slot;
    for (const { descriptor } of this.#memory.operators) this.#integers[(descriptor >> 2) + STEPS_AT] = steps;
  }

  forward(operator: number, from: number, to: number): void {
    this.#forward[operator]!(this.#memory.operators[operator]!.descriptor, from, to);
  }

  backward(operator: number, from: number, to: number): void {
    this.#backward[operator]!(this.#memory.operators[operator]!.descriptor, from, to);
  }

  /** Adds the gradients of an operator's learned tensors, of all steps. */
  weightGradient(operator: number, steps: number): void {
    const { descriptor, operator: { kernel } } = this.#memory.operators[operator]!;
    stepKernel(this.#kernels, "weightGradient", kernel)(descriptor, 0, steps);
  }

  /** Sums values through the time steps `from` ≤ t < `to`. */
  sum({ terms, vector, into }: SumStep, from: number, to: number, steps: number): void {
    const { values } = this.#memory, { at, stride, width } = values[into]!;
    const k = this.#kernels;
    terms.forEach(({ value, delay }, i) => {
      const term = values[value]!, units = Math.min(width, term.width);
      k.sumTerm(
        term.at + this.#slot * term.groupStride,
        term.stride,
        at,
        stride,
        units,
        delay,
        steps,
        from,
        to,
        i === 0 ? 1 : 0,
      );
    });
    if (vector) {
      const address = "tensor" in vector
        ? this.#tensors.get(vector.tensor)!
        : this.#memory.sumVectors.get(into)!;
      k.addVector(address, at, stride, width, from, to);
    }
  }
}
