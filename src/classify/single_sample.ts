/**
 * A network that takes one sample at a time, in the caller's own thread; classifiers and inspectors compute with it.
 */
import type { ByteMeaning } from "../data/samples.ts";
import type { Parameters } from "../engine/engine.ts";
import { checkWeights } from "../engine/checks.ts";
import { compilePlan } from "../engine/plan/compile.ts";
import { Core } from "../engine/wasm/core.ts";
import type { KernelModule } from "../engine/wasm/kernels.ts";
import { toLayout } from "../engine/wasm/layout.ts";
import type { Precision } from "../engine/wasm/precision.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { STREAM } from "../random.ts";
import type { Features } from "./sample_form.ts";

/** The least Z (asm/skip.ts) at which a unit is left out: the engine's. */
const SKIP_BOUND = 8;
/** A label, which classification ignores. */
const NO_LABEL = new Uint8Array(1);

/** A sample for a {@linkcode SingleSample}. */
export interface ShownSample {
  /** Finite numbers or bytes; as many as the steps have. */
  readonly features: Features;
  /** Meaning of a byte. */
  readonly bytes: ByteMeaning;
  /** The key of its draws. */
  readonly id: number;
  /** Of a sequence that is shorter than the network's. */
  readonly steps?: number;
}

/** A network with a memory of its own, some megabytes for the notebook's. */
export class SingleSample {
  /** Holds the results of the last sample. */
  readonly core: Core;

  /** @param options `recordStates` keeps all states, for the core's trace. */
  constructor(
    kernels: KernelModule,
    spec: NetworkSpec,
    { precision, recordStates = false }: { readonly precision: Precision; readonly recordStates?: boolean },
  ) {
    const plan = compilePlan(spec, { recordStates });
    this.core = new Core(kernels, { plan, seed: 0, shards: 1, skipBound: SKIP_BOUND, precision });
  }

  /** Copies parameters in. @throws {RangeError} when they are not the network's, or not finite. */
  setParameters(parameters: Parameters): void {
    checkWeights(parameters);
    this.core.parameters.set(toLayout(this.core.memory.layout, parameters));
    this.core.prepare();
  }

  /** Computes all states, logits and spikes of a sample. */
  show({ features, bytes, id, steps }: ShownSample): void {
    const samples = {
      name: "the sample",
      count: 1,
      size: features.length,
      features,
      bytes,
      labels: NO_LABEL,
      ids: Uint32Array.of(id),
      ...(steps !== undefined && { lengths: Uint32Array.of(steps) }),
    };
    this.core.load(samples, 0, STREAM.classification, 0);
    this.core.forward();
  }
}
