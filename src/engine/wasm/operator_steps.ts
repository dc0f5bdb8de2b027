/** Steps of operators that have kernels of their own, and sums of values. */
import type { DrawKey } from "../../random.ts";
import type { SumStep } from "../plan/plan.ts";
import type { CoreMemory } from "./core_memory.ts";
import { type Kernels, type StepKernel, stepKernel } from "./kernels.ts";
import { OPERATOR_FIELDS } from "./operator_descriptor.ts";

/** Fields of a descriptor that change from sample to sample, in words. */
const [STEPS_AT, INPUTS_AT, TRAINING_AT, KEY0_AT, KEY1_AT] =
  (["steps", "inputs", "isTraining", "key0", "key1"] as const).map((field) =>
    OPERATOR_FIELDS.indexOf(field)
  ) as [
    number,
    number,
    number,
    number,
    number,
  ];

/** What kernels of operators need to know of a sample. */
export interface OperatorSample {
  readonly steps: number;
  /** Its place in its group. */
  readonly member: number;
  readonly isTraining: boolean;
  /** The key of its draws in a stream. */
  readonly keyOf: (stream: number) => DrawKey;
}

/** The steps `sumBatch`, `operate`, their backward forms, `operatorGradient` and `sum`. */
export class OperatorSteps {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #integers: Int32Array;
  readonly #forward: readonly StepKernel[];
  readonly #backward: readonly StepKernel[];
  readonly #rows: readonly boolean[];
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
    this.#rows = memory.operators.map(({ isRow }) => isRow);
    this.#tensors = new Map(
      memory.layout.tensors.map(({ tensor: { name }, at }) => [name, memory.parameters + 4 * at]),
    );
  }

  /** Makes a sample the present one. */
  begin({ steps, member, isTraining, keyOf }: OperatorSample): void {
    this.#slot = member;
    for (const { descriptor, input, operator: { stream } } of this.#memory.operators) {
      const words = descriptor >> 2;
      this.#integers[words + STEPS_AT] = steps;
      this.#integers[words + INPUTS_AT] = input.at + member * input.groupStride;
      this.#integers[words + TRAINING_AT] = isTraining ? 1 : 0;
      if (stream === undefined || !isTraining) continue;
      const { key0, key1 } = keyOf(stream);
      this.#integers[words + KEY0_AT] = key0;
      this.#integers[words + KEY1_AT] = key1;
    }
  }

  /** The parameters have changed: what kernels keep of them is of no more use. */
  dropTables(): void {
    for (const { workspace } of this.#memory.operators) {
      if (workspace !== 0) this.#integers[workspace >> 2] = 0;
    }
  }

  forward(operator: number, from: number, to: number): void {
    this.#forward[operator]!(
      this.#memory.operators[operator]!.descriptor,
      from,
      this.#rows[operator] ? 1 : to,
    );
  }

  backward(operator: number, from: number, to: number): void {
    this.#backward[operator]!(
      this.#memory.operators[operator]!.descriptor,
      from,
      this.#rows[operator] ? 1 : to,
    );
  }

  /** Adds the gradients of an operator's learned tensors, of all steps. */
  weightGradient(operator: number, steps: number): void {
    this.#call("weightGradient", operator, steps);
  }

  /** A sample's sums, forward or back, to where the operator has them. */
  sumBatch(verb: "sums" | "sumsBack", operator: number, steps: number): void {
    this.#call(verb, operator, steps);
  }

  /** Has an operator take the batch's sums, which lie where the sample's did. */
  settle(verb: "settle" | "settleBack", operator: number): void {
    this.#call(verb, operator, 0);
  }

  #call(verb: Parameters<typeof stepKernel>[1], index: number, steps: number): void {
    const { descriptor, isRow, operator: { kernel } } = this.#memory.operators[index]!;
    stepKernel(this.#kernels, verb, kernel)(descriptor, 0, isRow ? 1 : steps);
  }

  /** Sums values through the time steps `from` ≤ t < `to`. */
  sum({ terms, vector, into }: SumStep, from: number, to: number, steps: number): void {
    const { values } = this.#memory, { at, stride, width } = values[into]!;
    const end = stride === 0 ? 1 : to;
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
        end,
        i === 0 ? 1 : 0,
      );
    });
    if (vector) {
      const address = "tensor" in vector
        ? this.#tensors.get(vector.tensor)!
        : this.#memory.sumVectors.get(into)!;
      k.addVector(address, at, stride, width, from, end);
    }
  }
}
