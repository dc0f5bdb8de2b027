/**
 * Each kind of neuron's kernels for the GPU: one entry a kind.
 *
 * @module
 */
import { SCAN_BACK_GRADED, SCAN_GRADED } from "../../../asm/neurons/graded.wgsl.ts";
import { SCAN_BACK_INTEGRATOR, SCAN_INTEGRATOR } from "../../../asm/neurons/integrator.wgsl.ts";
import type { WgslKernel } from "../../../asm/wgsl.ts";
import type { Neuron } from "../../network/spec.ts";

/** A neuron's kernels (asm/scan.wgsl.ts says what they take) and its constants. */
export interface NeuronKernels {
  readonly scan: WgslKernel<"f32">;
  readonly scanBack: WgslKernel<"f32">;
  /** Those that are given unit by unit. */
  readonly constants: Readonly<Record<string, number>>;
  /** Those that are the same for the whole layer. */
  readonly uniforms: Readonly<Record<string, number>>;
}

/** Finds a neuron's kernels. */
export function kernelsOf(neuron: Neuron): NeuronKernels {
  switch (neuron.kind) {
    case "graded": {
      const { decay, threshold, penalty } = neuron;
      const constants = { decay, threshold };
      return { scan: SCAN_GRADED, scanBack: SCAN_BACK_GRADED, constants, uniforms: { penalty } };
    }
    case "integrator": {
      const constants = { decay: neuron.decay };
      return { scan: SCAN_INTEGRATOR, scanBack: SCAN_BACK_INTEGRATOR, constants, uniforms: {} };
    }
    default:
      return neuron satisfies never;
  }
}
