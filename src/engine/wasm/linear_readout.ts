/** A readout that is linear in time: one product of a sample's weighed spikes gives the logits. */
import { sharesOf } from "../plan/linear_readout.ts";
import type { Plan, ReadSteps } from "../plan/plan.ts";
import type { CoreMemory, ProductMemory, ValueMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";

/** The steps `readProduct`, `readProductBack` and `spreadRow` of a plan; `weigh` is among those of spikes. */
export class LinearReadout {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #plan: Plan;
  readonly #floats: Float32Array;
  /** Steps from an output to the currents of the readout's population. */
  readonly #delay: number;
  /** Of the present sample: what the shares were derived from, and how often a bias counts. */
  #read: ReadSteps | undefined;
  #steps = 0;
  #ofBias = 0;

  constructor(kernels: Kernels, memory: CoreMemory, plan: Plan) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#plan = plan;
    this.#floats = new Float32Array(kernels.memory.buffer);
    const step = plan.forward.find(({ kind }) => kind === "readProduct");
    this.#delay = step?.kind === "readProduct" ? plan.products[step.product]!.input.delay : 0;
  }

  /** Derives the shares of a sample's steps, where they differ from the last sample's. */
  begin({ read, steps }: { readonly read: ReadSteps; readonly steps: number }): void {
    const { shares } = this.#memory;
    if (shares === 0 || (this.#read === read && this.#steps === steps)) return;
    this.#read = read;
    this.#steps = steps;
    const { ofOutputs, ofBias } = sharesOf(this.#plan.populations[this.#plan.top]!, read, steps, this.#delay);
    this.#floats.set(ofOutputs, shares >> 2);
    this.#ofBias = ofBias;
  }

  /** Weighed outputs → logits. */
  read({ input, weights, bias, output }: ProductMemory): void {
    const { logits } = this.#memory;
    // deno-fmt-ignore
    this.#kernels.multiplyRow(input.at, weights.at, bias.at, this.#ofBias, this.#read!.scale, logits, input.width,
      output.width);
  }

  /** The logits' gradient → that of the weighed outputs, and the product's own. */
  back({ input, weights, bias, output }: ProductMemory, into: ValueMemory): void {
    const { logitGradients } = this.#memory;
    // deno-fmt-ignore
    this.#kernels.multiplyRowBack(input.at, weights.at, logitGradients, this.#ofBias, input.width, output.width,
      into.at, weights.gradientAt, bias.gradientAt);
  }

  /** A row in shares → rows. */
  spread(from: ValueMemory, into: ValueMemory): void {
    this.#kernels.spreadRow(from.at, this.#memory.shares, this.#steps, into.width, into.at);
  }
}
