/** The forward pass of one sample, with its states, spikes and currents. */
import { SampleForm } from "../../src/classify/sample_form.ts";
import { SingleSample } from "../../src/classify/single_sample.ts";
import { softmax } from "../../src/classify/softmax.ts";
import type { Parameters } from "../../src/engine/engine.ts";
import type { KernelModule } from "../../src/engine/wasm/kernels.ts";
import type { Precision } from "../../src/engine/wasm/precision.ts";
import { foldBatchNorm } from "../../src/network/fold.ts";
import type { Model } from "../../src/network/model_file.ts";
import { contentId } from "../../src/random.ts";
import type { Inspection, InspectorMessage } from "./protocol.ts";

/** A network with parameters. */
type Weighed = Pick<Model, "spec" | "parameters">;

/** Runs a network on one sample at a time, and records the trace of all its steps. */
export class Inspector {
  readonly #kernels: KernelModule;
  /** Records all states. */
  #traced: SingleSample | undefined;
  /** Answers as a `Classifier` does, which records none: some sums are in another order there. */
  #answering: SingleSample | undefined;
  /** The specification and precision that these were made for. */
  #made = "";
  #parameters: Parameters | undefined;

  /** @param kernels With the `plain` variant, answers have the same bits as those of `serve`. */
  constructor(kernels: KernelModule) {
    this.#kernels = kernels;
  }

  /**
   * Shows a sample to the network. The sample and the seed key its random draws, as in a `Classifier`.
   *
   * @throws {RangeError} when the parameters or the sample do not fit the network.
   */
  inspect(
    { spec, parameters = this.#parameters, seed, precision, features, bytes }: InspectorMessage,
  ): Inspection {
    if (!parameters) throw new RangeError("the first message has to bring the network's parameters");
    const form = new SampleForm({ spec, metadata: bytes ? { bytes } : {} });
    const taken = form.stepsOf(features.length), isShorter = taken < form.steps;
    const { traced, answering } = this.#networksOf({ spec, parameters }, precision);
    const sample = {
      features,
      bytes: form.bytes,
      id: contentId(features, seed),
      ...(isShorter && { steps: taken }),
    };
    traced.show(sample);
    answering.show(sample);
    return {
      kind: "inspection",
      spec,
      features,
      bytes: form.bytes,
      steps: isShorter ? taken : spec.steps,
      trace: traced.core.trace(),
      label: answering.core.prediction(),
      probabilities: softmax(answering.core.logits()),
      spikes: answering.core.spikes(),
    };
  }

  /** The two networks, with these parameters. */
  #networksOf(
    model: Weighed,
    precision: Precision,
  ): { readonly traced: SingleSample; readonly answering: SingleSample } {
    const { spec, parameters } = model, made = JSON.stringify([spec, precision]);
    const isSame = made === this.#made, areSame = isSame && parameters === this.#parameters;
    if (areSame && this.#traced && this.#answering) {
      return { traced: this.#traced, answering: this.#answering };
    }
    const folded = foldBatchNorm({ ...model, metadata: {} });
    const kept = isSame ? { traced: this.#traced, answering: this.#answering } : {};
    const traced = kept.traced ?? new SingleSample(this.#kernels, spec, { precision, recordStates: true });
    const answering = kept.answering ?? new SingleSample(this.#kernels, folded.spec, { precision });
    this.#parameters = undefined; // until both have them
    traced.setParameters(parameters);
    answering.setParameters(folded.parameters);
    this.#traced = traced;
    this.#answering = answering;
    this.#made = made;
    this.#parameters = parameters;
    return { traced, answering };
  }
}
