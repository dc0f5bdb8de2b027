/** Kernels of operators for the GPU, by the names in a plan. */
import { OPERATOR_CODES } from "../../../asm/kinds.wgsl.ts";
import { operatorGradientKernel, operatorKernel } from "../../../asm/operator.wgsl.ts";
import type { WgslKernel } from "../../../asm/wgsl.ts";
import { EngineError } from "../../errors.ts";
import type { OperatorCall } from "../plan/plan.ts";

/** An operator's kernels. */
export interface OperatorKernels {
  readonly forward: WgslKernel<"f32">;
  readonly backward: WgslKernel<"f32">;
  readonly gradient: WgslKernel<"f32">;
}

/** Finds an operator's kernels. @throws {EngineError} where there are none for a GPU. */
export function operatorKernelsOf({ kernel, node }: OperatorCall): OperatorKernels {
  const code = OPERATOR_CODES[kernel];
  if (!code) {
    throw new EngineError(`node ${node}: ${kernel}: there is no kernel of it for a GPU: take --engine wasm`);
  }
  return {
    forward: operatorKernel(code, "forward"),
    backward: operatorKernel(code, "backward"),
    gradient: operatorGradientKernel(code),
  };
}
