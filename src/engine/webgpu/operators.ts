/** Kernels of operators for the GPU, by the names in a plan. */
import { OPERATOR_CODES } from "../../../asm/kinds.wgsl.ts";
import {
  followKernel,
  type OperatorCode,
  operatorKernel,
  operatorSumKernel,
  PART_TERMS,
  type SumCode,
} from "../../../asm/operator.wgsl.ts";
import type { WgslKernel } from "../../../asm/wgsl.ts";
import { EngineError } from "../../errors.ts";
import type { Shape } from "../../network/graph.ts";
import { sizeOf } from "../../network/shape.ts";
import type { OperatorCall, Plan } from "../plan/plan.ts";

/** A sum for each number of a tensor; see `operatorSumKernel`. */
export interface OperatorSum {
  /** The plan's. */
  readonly tensor: string;
  readonly kernel: WgslKernel<"f32">;
  /** Terms of a row. */
  readonly rowTerms: number;
}

/** An operator's kernels. */
export interface OperatorKernels {
  readonly forward: WgslKernel<"f32">;
  readonly backward: WgslKernel<"f32">;
  /** Gradients of its learned tensors. */
  readonly gradients: readonly OperatorSum[];
  /** Averages over a training batch, and what has their tensors follow them. */
  readonly statistics: readonly (OperatorSum & { readonly follow: WgslKernel<"f32"> })[];
  /** Its tensors by the names that kernels have for them. */
  readonly tensors: ReadonlyMap<string, string>;
  /** Its geometry and settings, by the names of the kernels' uniforms. */
  readonly uniforms: Readonly<Record<string, number>>;
}

/** Finds an operator's kernels. @throws {EngineError} where there are none for a GPU. */
export function operatorKernelsOf(plan: Plan, operator: OperatorCall): OperatorKernels {
  const code = codeOf(operator), tensors = tensorsOf(code, operator);
  const { geometry = [], settings = [], statistics = [] } = code;
  const sumOf = (name: string, kernel: WgslKernel<"f32">, over: SumCode["over"]) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [{ tensor, kernel, rowTerms: rowTermsOf(plan, operator, over) }];
  };
  return {
    forward: operatorKernel(code, "forward"),
    backward: operatorKernel(code, "backward"),
    gradients: Object.entries(code.gradients ?? {}).flatMap(([name, sum]) =>
      sumOf(name, operatorSumKernel(code, `gradient_${name}`, sum), sum.over)
    ),
    statistics: statistics.flatMap((statistic) =>
      sumOf(
        statistic.tensor,
        operatorSumKernel(code, `average_${statistic.tensor}`, statistic),
        "positions",
      ).map((sum) => ({ ...sum, follow: followKernel(code, statistic) }))
    ),
    tensors,
    uniforms: Object.fromEntries([
      ...geometry.map((name, i) => [name, operator.geometry[i]!]),
      ...settings.map((name, i) => [name, operator.settings[i]!]),
    ]),
  };
}

/** The most loop iterations of one call of its kernels. */
export function operatorTurns(operator: OperatorCall): number {
  return Math.max(2 * PART_TERMS, codeOf(operator).turns?.(operator.geometry) ?? 0);
}

/** Parts of each gradient of its learned tensors, with the tensor. @param rows Rows of its values: samples times steps, or once. */
export function gradientPartsOf(
  plan: Plan,
  operator: OperatorCall,
  rows: number,
): readonly { readonly tensor: string; readonly parts: number }[] {
  const code = codeOf(operator), tensors = tensorsOf(code, operator);
  return Object.entries(code.gradients ?? {}).flatMap(([name, { over }]) => {
    const tensor = tensors.get(name);
    const parts = Math.ceil(rows * rowTermsOf(plan, operator, over) / PART_TERMS);
    return tensor === undefined ? [] : [{ tensor, parts }];
  });
}

function codeOf({ kernel, node }: OperatorCall): OperatorCode {
  const code = OPERATOR_CODES[kernel];
  if (code) return code;
  throw new EngineError(`node ${node}: ${kernel}: there is no kernel of it for a GPU: take --engine wasm`);
}

/** Of an operator's optional tensors some may not be there: those behind the ones that are. */
function tensorsOf({ tensors = [] }: OperatorCode, operator: OperatorCall): Map<string, string> {
  return new Map(operator.tensors.map((tensor, i) => [tensors[i] ?? tensor, tensor]));
}

function rowTermsOf({ values }: Plan, { output }: OperatorCall, over: SumCode["over"]): number {
  return over === "rows" ? 1 : positionsOf(values[output]!.shape);
}

function positionsOf(shape: Shape): number {
  return sizeOf(shape) / shape[0];
}
