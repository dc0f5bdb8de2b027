/** All that belongs to one sample: its memory, its inputs, and what executes a plan's steps on it. */
import type { Plan } from "../plan/plan.ts";
import type { CoreMemory, ValueMemory } from "./core_memory.ts";
import type { InputOperations, SampleToLoad } from "./input_layer.ts";
import type { Kernels } from "./kernels.ts";
import type { DenseFrom } from "./matrix_product.ts";
import { type PresentSample, StepExecutor } from "./step_executor.ts";

/** A place for a sample; one sample after the other takes it. */
export class SampleContext {
  readonly memory: CoreMemory;
  readonly inputs: InputOperations;
  readonly executor: StepExecutor;
  readonly #plan: Plan;
  readonly #floats: Float32Array;
  /** Steps of the sample: T, or fewer for a shorter sequence. */
  #steps: number;
  /** What lies around a value's rows may be other values', or a longer sample's. */
  #clears = true;

  constructor(
    kernels: Kernels,
    memory: CoreMemory,
    plan: Plan,
    inputs: InputOperations,
    denseFrom: DenseFrom,
  ) {
    this.memory = memory;
    this.inputs = inputs;
    this.executor = new StepExecutor(kernels, memory, plan, inputs, denseFrom);
    this.#plan = plan;
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#steps = plan.spec.steps;
  }

  /** Steps of the sample. */
  get steps(): number {
    return this.#steps;
  }

  /** Takes a sample whose features have been staged. @param isPadded Other samples may be longer. */
  load(inputs: SampleToLoad, sample: PresentSample, isPadded: boolean): void {
    this.#steps = sample.steps;
    this.#clears = this.memory.sharesValues || isPadded;
    this.inputs.load(inputs);
    this.executor.begin(sample);
  }

  /** Prepares what follows from the parameters and holds for a whole batch. */
  prepare(): void {
    this.inputs.prepare();
    this.executor.dropTables();
  }

  /** Executes one step of the plan. @param index Of the step, counted through the forward and the backward pass. */
  execute(index: number): void {
    const { forward, backward } = this.#plan;
    this.beginStep(index);
    this.executor.execute(index < forward.length ? forward[index]! : backward[index - forward.length]!);
  }

  /** Clears values that take their memory over from others at a step. */
  beginStep(index: number): void {
    if (this.#clears) { for (const value of this.memory.begins[index]!) this.#clear(value); }
  }

  /** Clears what is read of a value but not written, where other values may have lain: rows before and behind its steps, and padding. */
  #clear({ at, stride, width, isInPanels, hasRoom, value: { units } }: ValueMemory): void {
    if (stride === 0 || isInPanels) return;
    const begin = at >> 2, end = begin + this.#steps * width, behind = end + 5 * width;
    if (!hasRoom) {
      if (units < width) this.#floats.fill(0, begin, end);
      return;
    }
    this.#floats.fill(0, begin - width, units < width ? behind : begin);
    if (units === width) this.#floats.fill(0, end, behind);
  }
}
