/**
 * What a network makes of one picture, with everything that happens on the way.
 *
 * @module
 */
import { softmax } from "../../src/classify/softmax.ts";
import type { Parameters } from "../../src/engine/engine.ts";
import { compilePlan } from "../../src/engine/plan.ts";
import { Core } from "../../src/engine/wasm/core.ts";
import type { KernelModule } from "../../src/engine/wasm/kernels.ts";
import { toLayout } from "../../src/engine/wasm/layout.ts";
import { contentId, STREAM } from "../../src/random.ts";
import type { LookerMessage, Sight } from "./protocol.ts";

/** The least Z (asm/skip.ts) at which a unit is left out: the engine's. */
const SKIP_BOUND = 8;

/** A network that is looked at. */
export class Looker {
  readonly #kernels: KernelModule;
  #core: Core | undefined;
  /** What the core was made for. */
  #made = "";
  #parameters: Parameters | undefined;

  /** @param kernels With the `plain` ones answers are those of `serve`, bit for bit. */
  constructor(kernels: KernelModule) {
    this.#kernels = kernels;
  }

  /**
   * Shows a picture to the network. Draws are keyed by the picture and the seed, as a `Classifier`'s are.
   *
   * @throws {RangeError} when the parameters or the picture do not fit the network.
   */
  look(
    { spec, parameters = this.#parameters, seed, precision, pixels, bytes = "pixels" }: LookerMessage,
  ): Sight {
    if (!parameters) throw new RangeError("the first message has to bring the network's parameters");
    const made = JSON.stringify([spec, precision]);
    if (!this.#core || made !== this.#made) {
      const plan = compilePlan(spec, { record: true });
      this.#core = new Core(this.#kernels, { plan, seed: 0, shards: 1, skipBound: SKIP_BOUND, precision });
      this.#made = made;
      this.#parameters = undefined;
    }
    const core = this.#core;
    if (parameters !== this.#parameters) {
      core.parameters.set(toLayout(core.memory.layout, parameters));
      core.prepare();
      this.#parameters = parameters;
    }
    const samples = {
      name: "the picture",
      count: 1,
      size: pixels.length,
      features: pixels,
      bytes,
      labels: new Uint8Array(1), // nobody looks at it
      ids: Uint32Array.of(contentId(pixels, seed)),
    };
    core.load(samples, 0, STREAM.classification, 0);
    core.forward();
    const trace = core.trace();
    return {
      kind: "sight",
      spec,
      pixels,
      trace,
      label: core.prediction(),
      probabilities: softmax(trace.logits),
      spikes: core.spikes(),
    };
  }
}
