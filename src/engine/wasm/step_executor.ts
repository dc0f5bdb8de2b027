/** The steps of a plan on the present sample, in one thread's kernels and memory. */
import type { DrawKey } from "../../random.ts";
import type { BackwardStep, Plan, PopulationPlan, ReadSteps, Step } from "../plan/plan.ts";
import type { CoreMemory, ProductMemory } from "./core_memory.ts";
import type { InputOperations } from "./input_layer.ts";
import type { Kernels } from "./kernels.ts";
import { type DenseFrom, type InputView, MatrixProduct } from "./matrix_product.ts";
import { NeuronSteps } from "./neuron_steps.ts";
import { OperatorSteps } from "./operator_steps.ts";
import { LinearReadout } from "./linear_readout.ts";
import { RecurrentScan } from "./recurrent_scan.ts";
import { Readout } from "./readout.ts";
import { SpikeSteps } from "./spike_steps.ts";

/** A step that scans a recurrent population back. */
export type RecurrentStep = Extract<BackwardStep, { readonly kind: "scanRecurrentBack" }>;

/** What the steps need of a sample. */
export interface PresentSample {
  /** T, or fewer for a shorter sequence. */
  readonly steps: number;
  readonly read: ReadSteps;
  readonly label: number;
  /** The weight of its gradient in the batch's. */
  readonly scale: number;
  /** Its place in its group. */
  readonly member: number;
  /** It is trained on, not measured. */
  readonly isTraining: boolean;
  /** The key of its draws in a stream. */
  readonly keyOf: (stream: number) => DrawKey;
}

/** Executes the steps of a plan, one after the other; each goes to the part that has its kernels. */
export class StepExecutor {
  readonly products: readonly MatrixProduct[];
  readonly spikes: SpikeSteps;
  /** The present sample's loss, once it has been computed. */
  loss = 0;
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #inputs: InputOperations;
  readonly #operators: OperatorSteps;
  readonly #neurons: NeuronSteps;
  readonly #recurrent: RecurrentScan;
  readonly #readout: Readout;
  readonly #linear: LinearReadout;
  /** The population that reads each value as its currents, −1 where there is none. */
  readonly #fed: readonly number[];
  readonly #floats: Float32Array;
  #sample: PresentSample;

  constructor(
    kernels: Kernels,
    memory: CoreMemory,
    plan: Plan,
    inputs: InputOperations,
    denseFrom: DenseFrom,
  ) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#memory = memory;
    this.#inputs = inputs;
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.products = memory.products.map((product) => new MatrixProduct(kernels, memory, product, denseFrom));
    this.#readout = new Readout(kernels, memory, plan);
    this.#recurrent = new RecurrentScan(kernels, memory);
    this.#operators = new OperatorSteps(kernels, memory);
    this.#neurons = new NeuronSteps(kernels, memory);
    this.spikes = new SpikeSteps(kernels, memory, plan);
    this.#linear = new LinearReadout(kernels, memory, plan);
    this.#fed = plan.values.map(({ index }) => plan.populations.findIndex(({ input }) => input === index));
    this.#sample = {
      steps: plan.spec.steps,
      read: plan.readout,
      label: 0,
      scale: 1,
      member: 0,
      isTraining: false,
      keyOf: () => ({ key0: 0, key1: 0 }),
    };
  }

  /** Makes a sample the present one. */
  begin(sample: PresentSample): void {
    const { steps, member } = sample;
    this.#sample = sample;
    this.#operators.begin(sample);
    this.spikes.begin(member);
    this.#linear.begin(sample);
    for (const population of this.#memory.populations) {
      if (population.descriptor !== 0) this.#neurons.begin(population, steps, member);
    }
  }

  /** A step of the plan: all of its time steps. */
  execute(step: Step): void {
    const { products, populations, values } = this.#memory, steps = this.#sample.steps;
    switch (step.kind) {
      case "encode":
        this.#inputs.encode();
        return;
      case "listInputs":
        this.#inputs.listInputs();
        return;
      case "unpack":
        this.#inputs.unpack(values[step.into]!);
        return;
      case "select":
        this.spikes.slots[step.population] = this.#inputs.select(
          products[step.product]!,
          populations[step.population]!,
        );
        return;
      case "pack":
        this.#inputs.pack(products[step.product]!, this.#slotsOf(products[step.product]!));
        return;
      case "inputMatmul":
        this.#inputs.matmul(products[step.product]!, this.#slotsOf(products[step.product]!));
        return;
      case "matmulRow":
        this.#inputs.matmulRow(products[step.product]!);
        return;
      case "matmul":
        this.products[step.product]!.forward(this.#viewOf(products[step.product]!), steps);
        return;
      case "sumBatch":
        if (this.#sample.isTraining) this.#operators.sumBatch("sums", step.operator, steps);
        return;
      case "sumBatchBack":
        this.#operators.sumBatch("sumsBack", step.operator, steps);
        return;
      case "sumRows": {
        const { at, width } = values[step.into]!;
        this.#view(at, width).fill(0);
        this.#kernels.sumSteps(values[step.from]!.at, steps, width, at);
        return;
      }
      case "count":
        this.spikes.count(step.population, steps);
        return;
      case "list":
        this.spikes.list(step.population, steps);
        return;
      case "scanSpikes":
        this.spikes.scan(step.population, steps);
        return;
      case "scanRecurrent":
        this.#neurons.scanRecurrent(populations[step.population]!, this.products[step.product]!, steps);
        return;
      case "loop":
        for (let t = 0; t < steps; t++) for (const inner of step.body) this.#executeAt(inner, t, t + 1);
        return;
      case "weigh":
        this.spikes.weigh(step.population, values[step.into]!, steps);
        return;
      case "readProduct":
        this.#linear.read(products[step.product]!);
        return;
      case "readProductBack":
        this.#linear.back(products[step.product]!, values[step.into]!);
        return;
      case "spreadRow":
        this.#linear.spread(values[step.from]!, values[step.into]!);
        return;
      case "read":
        this.#readout.read(this.#sample.read);
        return;
      case "loss":
        this.loss = this.#readout.loss(
          this.#sample.label,
          this.#sample.scale,
          this.#sample.read,
          (population) => this.#rateOf(population),
        );
        return;
      case "readBack":
        this.#readout.readBack(this.#sample.read, steps, values[step.into]!);
        return;
      case "rateBack": {
        const { population } = populations[step.population]!;
        this.#readout.rateBack(
          population,
          this.#rateOf(population),
          this.#sample.scale,
          steps,
          values[step.into]!,
        );
        return;
      }
      case "clear": {
        const { at, width } = values[step.into]!;
        this.#view(at, steps * width).fill(0);
        return;
      }
      case "scanRecurrentBack":
        this.scanRecurrentBack(step, [this]);
        return;
      case "matmulBack":
        this.products[step.product]!.back(values[step.into]!, steps);
        return;
      case "weightGradient":
        this.weightGradient(step.product, [this]);
        return;
      case "rowGradient":
        this.#rowGradient(products[step.product]!);
        return;
      case "operatorGradient":
        this.#operators.weightGradient(step.operator, steps);
        return;
      case "loopBack":
        for (let t = steps - 1; t >= 0; t--) for (const inner of step.body) this.#executeAt(inner, t, t + 1);
        return;
      case "spikesBack":
        this.spikes.back(products[step.product]!, step.population, steps);
        this.products[step.product]!.biasGradient(steps);
        return;
      case "spread":
        this.spikes.spread(step.population, steps);
        return;
      case "coefficients":
        this.spikes.coefficients(products[step.product]!, step.population, step.from, steps);
        return;
      case "traceGradient":
        this.#inputs.traceGradient(
          products[step.product]!,
          populations[step.population]!,
          step.decay,
          this.spikes.slots[step.population]!,
        );
        return;
      case "outerGradient":
        this.#inputs.rowGradient(products[step.product]!, products[step.product]!.gradient!.at);
        return;
      case "sum":
      case "operate":
      case "operateBack":
      case "scan":
      case "scanBack":
        this.#executeAt(step, 0, steps);
        return;
      default:
        step satisfies never;
    }
  }

  /** The step of this name of several samples, which this executor and others have: they go side by side. */
  scanRecurrentBack(step: RecurrentStep, executors: readonly StepExecutor[]): void {
    const samples = executors.map((executor) => ({
      memory: executor.#memory.populations[step.population]!,
      neurons: executor.#neurons,
      steps: executor.#sample.steps,
    }));
    this.#recurrent.back(samples, this.products[step.product]!);
    this.weightGradient(step.product, executors);
  }

  /** Likewise. */
  weightGradient(index: number, executors: readonly StepExecutor[]): void {
    const product = this.products[index]!;
    if (this.#memory.products[index]!.product.weightsBy !== "input") {
      for (const executor of executors) {
        executor.#inputs.weightGradient(executor.#memory.products[index]!);
        executor.products[index]!.biasGradient(executor.#sample.steps);
      }
      return;
    }
    product.weightGradient(executors.map((executor) => {
      const memory = executor.#memory.products[index]!;
      return { view: executor.#viewOf(memory), gradient: memory.gradient!, steps: executor.#sample.steps };
    }));
  }

  /** A step of the plan through the time steps `from` ≤ t < `to`: one of them in a loop, else all. */
  #executeAt(step: Step, from: number, to: number): void {
    const { populations, values } = this.#memory, steps = this.#sample.steps;
    switch (step.kind) {
      case "matmul":
        this.products[step.product]!.forwardStep(from);
        return;
      case "matmulBack":
        this.products[step.product]!.backStep(values[step.into]!, from);
        return;
      case "operate":
        this.#operators.forward(step.operator, from, to);
        return;
      case "operateBack":
        this.#operators.backward(step.operator, from, to);
        return;
      case "sum":
        this.#operators.sum(step, from, to, steps);
        return;
      case "scan":
        this.#neurons.scan(populations[step.population]!, from, to);
        return;
      case "scanBack":
        this.#neurons.scanBack(populations[step.population]!, from, to, steps);
        return;
      default:
        throw new TypeError(`${step.kind}: no step of a loop`);
    }
  }

  /** Has an operator take the batch's sums. */
  settle(verb: "settle" | "settleBack", operator: number): void {
    this.#operators.settle(verb, operator);
  }

  /** The parameters have changed. */
  dropTables(): void {
    for (const product of this.products) product.dropPanels();
    this.#operators.dropTables();
  }

  /** What a product reads. */
  #viewOf({ input }: ProductMemory): InputView {
    if (input.value.index === this.#plan.input) return this.#inputs.view();
    return { spikes: this.spikes.listsOf(input), rows: input.at, isPacked: false, width: input.width };
  }

  /** Units of a product that are computed for this sample. */
  #slotsOf({ output, product }: ProductMemory): number {
    const population = this.#fed[output.value.index]!;
    return population < 0 ? product.units : this.spikes.slots[population]!;
  }

  /** The gradient of a product of one row, from δy at every step or from its sum over them. */
  #rowGradient(memory: ProductMemory): void {
    const { product, gradient, bias } = memory, { at, width, value: { rows } } = gradient!;
    const isSummed = rows === "one", sums = isSummed ? at : memory.sums;
    if (!isSummed) {
      this.#view(sums, width).fill(0);
      this.#kernels.sumSteps(at, this.#sample.steps, width, sums);
    }
    this.#inputs.rowGradient(memory, sums);
    if (product.bias !== undefined) this.#kernels.sumSteps(sums, 1, width, bias.gradientAt);
  }

  /** Share of a population's (unit, step) pairs that spiked in the present sample. */
  #rateOf({ index, units }: PopulationPlan): number {
    return this.spikes.countOf(index) / (units * this.#sample.steps);
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}
