/** Kernels of neurons for the GPU, by the names in a plan. */
import { NEURON_CODES } from "../../../asm/kinds.wgsl.ts";
import { scanBackKernel, type ScanForm, scanKernel, SUM_PARTS } from "../../../asm/scan.wgsl.ts";
import type { WgslKernel } from "../../../asm/wgsl.ts";
import { EngineError } from "../../errors.ts";
import { kindOf } from "../../network/neurons.ts";
import type { ForwardStep, Plan, PopulationPlan } from "../plan/plan.ts";

/** A population's kernels and constants. */
export interface NeuronKernels {
  readonly form: ScanForm;
  readonly scan: WgslKernel<"f32">;
  readonly scanBack: WgslKernel<"f32">;
  /** The settings of its kind, by the names of the kernels' uniforms. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** Numbers a unit that the recurrent and the stepped forms remember; the plain one needs no room for them. */
  readonly states: { readonly scan: number; readonly scanBack: number };
}

/** Finds a population's kernels. @throws {EngineError} where there are none for a GPU. */
export function kernelsOf(
  plan: Plan,
  { kernel, node, neuron, index, constants }: PopulationPlan,
): NeuronKernels {
  const code = NEURON_CODES[kernel], kind = kindOf(neuron);
  if (!code) {
    throw new EngineError(`node ${node}: ${kernel}: there is no kernel of it for a GPU: take --engine wasm`);
  }
  const names = constants.map(({ name }) => name), values = kind.settings(neuron), form = formOf(plan, index);
  return {
    form,
    scan: scanKernel(code, names, form),
    scanBack: scanBackKernel(code, names, form),
    uniforms: Object.fromEntries(code.settings.map((name, i) => [name, values[i]!])),
    states: form === "plain"
      ? { scan: 0, scanBack: 0 }
      : { scan: code.state.length, scanBack: code.stateBack.length + SUM_PARTS },
  };
}

/** How a plan takes a population through the steps. */
function formOf({ forward }: Plan, index: number): ScanForm {
  const isOf = (step: ForwardStep) => "population" in step && step.population === index;
  if (forward.some((step) => step.kind === "scanRecurrent" && isOf(step))) return "recurrent";
  return forward.some((step) => step.kind === "loop" && step.body.some(isOf)) ? "stepped" : "plain";
}
