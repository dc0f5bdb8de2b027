/** The GPU kernels of each kind of neuron. {@linkcode CODES} is the registry of kinds. */
import { GRADED } from "../../../asm/neurons/graded.wgsl.ts";
import { INTEGRATOR } from "../../../asm/neurons/integrator.wgsl.ts";
import { LIF } from "../../../asm/neurons/lif.wgsl.ts";
import { type NeuronCode, scanBackKernel, scanKernel, SUM_PARTS } from "../../../asm/scan.wgsl.ts";
import type { WgslKernel } from "../../../asm/wgsl.ts";
import { type CompleteNeuron, kindOf, type Neuron, type Trainable } from "../../network/neurons.ts";

const CODES = { graded: GRADED, integrator: INTEGRATOR, lif: LIF } as const satisfies Record<
  Neuron["kind"],
  NeuronCode
>;

/** The value of a constant that a kind does not have. */
const ABSENT = { decay: 0, threshold: 0, scale: 1 } as const satisfies Record<Trainable, number>;

/** A layer's kernels and constants. */
export interface NeuronKernels {
  readonly scan: WgslKernel<"f32">;
  readonly scanBack: WgslKernel<"f32">;
  /** Constants that are the same for the whole layer, by the names of the kernels' uniforms. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** First values of the constants that each unit has. */
  readonly unitConstants: Readonly<Record<Trainable, number>>;
  /** Numbers a unit that the recurrent forms store; the plain forms store none. */
  readonly states: { readonly scan: number; readonly scanBack: number };
}

/** Finds a neuron's kernels. */
export function kernelsOf(neuron: CompleteNeuron, isRecurrent: boolean): NeuronKernels {
  const code: NeuronCode = CODES[neuron.kind], kind = kindOf(neuron);
  const values = kind.constants(neuron);
  return {
    scan: scanKernel(code, isRecurrent),
    scanBack: scanBackKernel(code, isRecurrent),
    uniforms: Object.fromEntries(code.constants.map((name, i) => [name, values[i]!])),
    unitConstants: { ...ABSENT, ...kind.trainables(neuron) },
    states: isRecurrent
      ? { scan: code.state.length, scanBack: code.stateBack.length + SUM_PARTS }
      : { scan: 0, scanBack: 0 },
  };
}
