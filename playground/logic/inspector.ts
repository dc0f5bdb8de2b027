/** The forward pass of one picture, with its states, spikes and currents. */
import { SingleSample } from "../../src/classify/single_sample.ts";
import { softmax } from "../../src/classify/softmax.ts";
import type { Parameters } from "../../src/engine/engine.ts";
import type { KernelModule } from "../../src/engine/wasm/kernels.ts";
import { contentId } from "../../src/random.ts";
import type { Inspection, InspectorMessage } from "./protocol.ts";

/** Runs a network on one picture at a time, and records the trace of all its steps. */
export class Inspector {
  readonly #kernels: KernelModule;
  #network: SingleSample | undefined;
  /** The specification and precision that `#network` was made for. */
  #made = "";
  #parameters: Parameters | undefined;

  /** @param kernels With the `plain` variant, answers have the same bits as those of `serve`. */
  constructor(kernels: KernelModule) {
    this.#kernels = kernels;
  }

  /**
   * Shows a picture to the network. The picture and the seed key its random draws, as in a `Classifier`.
   *
   * @throws {RangeError} when the parameters or the picture do not fit the network.
   */
  inspect(
    { spec, parameters = this.#parameters, seed, precision, pixels, bytes = "pixels" }: InspectorMessage,
  ): Inspection {
    if (!parameters) throw new RangeError("the first message has to bring the network's parameters");
    const made = JSON.stringify([spec, precision]);
    if (!this.#network || made !== this.#made) {
      this.#network = new SingleSample(this.#kernels, spec, { precision, recordStates: true });
      this.#made = made;
      this.#parameters = undefined;
    }
    if (parameters !== this.#parameters) {
      this.#network.setParameters(parameters);
      this.#parameters = parameters;
    }
    this.#network.show({ features: pixels, bytes, id: contentId(pixels, seed) });
    const { core } = this.#network, trace = core.trace();
    return {
      kind: "inspection",
      spec,
      pixels,
      trace,
      label: core.prediction(),
      probabilities: softmax(trace.logits),
      spikes: core.spikes(),
    };
  }
}
