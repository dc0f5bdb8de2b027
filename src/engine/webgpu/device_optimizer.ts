/** An optimizer's update on the device. */
import { COPY } from "../../../asm/gradient.wgsl.ts";
import { ADAM } from "../../../asm/optimizers/adam.wgsl.ts";
import { AVERAGE } from "../../../asm/optimizers/average.wgsl.ts";
import { BLOCK_NUMBERS, CLIP_FACTOR, NORM_BLOCK, SUM_SQUARES } from "../../../asm/optimizers/clip.wgsl.ts";
import { SGD } from "../../../asm/optimizers/sgd.wgsl.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";
import { adamConstants, averageShare, type CompleteUpdate } from "../optimizer.ts";
import type { DeviceParameter } from "./device_parameters.ts";

/**
 * Updates all parameters by their gradients, and then their average, if one is kept.
 *
 * @param number Number of the update, from 1.
 * @returns Sums of squares for {@linkcode layerNorms}; the caller releases them.
 */
export function updateParameters(
  backend: Backend,
  parameters: readonly DeviceParameter[],
  update: CompleteUpdate,
  number: number,
): Tensor<"f32"> {
  const squares = backend.scoped((keep) => {
    const squares = keep(squaresOf(backend, parameters));
    const factor = clipFactorOf(backend, squares, update.clip);
    for (const { rows, columns, values, gradient, isConstant } of parameters) {
      const moved = isConstant ? { ...update, weightDecay: 0 } : update;
      const call = { inputs: { gradient, factor }, invocations: rows * columns, output: values };
      switch (moved.kind) {
        case "sgd": {
          const { learningRate, momentum, weightDecay } = moved;
          backend.run(SGD, { ...call, uniforms: { learningRate, momentum, weightDecay } });
          break;
        }
        case "adam":
        case "adamw": {
          const { beta1, beta2, epsilon } = moved;
          const moments = { toMean: 1 - beta1, keep: beta2, toSquare: 1 - beta2 };
          backend.run(ADAM, { ...call, uniforms: { ...adamConstants(moved, number), ...moments, epsilon } });
          break;
        }
        default:
          moved satisfies never;
      }
    }
    return squares;
  });
  if (update.ema > 0) {
    for (const parameter of parameters) moveAverage(backend, parameter, averageShare(update, number));
  }
  return squares;
}

/** Moves a parameter's average towards its values; at a share of 1 it begins there. */
function moveAverage(backend: Backend, parameter: DeviceParameter, share: number): void {
  const { rows, columns, values } = parameter;
  const output = parameter.average ??= backend.allocate("f32", [columns, rows]);
  const call = { inputs: { values }, invocations: rows * columns, output };
  if (share === 1) backend.run(COPY, { ...call, uniforms: { begin: 0 } });
  else backend.run(AVERAGE, { ...call, uniforms: { share } });
}

/**
 * The L2 norm of each layer's gradient.
 *
 * @param squares The numbers of the result of {@linkcode updateParameters}.
 */
export function layerNorms(
  parameters: readonly DeviceParameter[],
  squares: Float32Array,
  layers: number,
): readonly number[] {
  const sums = new Array<number>(layers).fill(0);
  let at = 0;
  for (const parameter of parameters) {
    for (const end = at + BLOCK_NUMBERS * blocksOf(parameter); at < end; at += BLOCK_NUMBERS) {
      sums[parameter.layer]! += squares[at]! ** 2 * squares[at + 1]!;
    }
  }
  return sums.map(Math.sqrt);
}

function blocksOf({ rows, columns }: DeviceParameter): number {
  return Math.ceil(rows * columns / NORM_BLOCK);
}

/** Σ g² of all blocks, parameter by parameter, f32 `[blocks, 2]`. */
function squaresOf(backend: Backend, parameters: readonly DeviceParameter[]): Tensor<"f32"> {
  const blocks = parameters.reduce((sum, parameter) => sum + blocksOf(parameter), 0);
  const squares = backend.allocate("f32", [blocks, BLOCK_NUMBERS]);
  let begin = 0;
  for (const parameter of parameters) {
    const { gradient, rows, columns } = parameter;
    backend.run(SUM_SQUARES, {
      inputs: { gradient },
      uniforms: { begin, count: rows * columns },
      invocations: blocksOf(parameter),
      output: squares,
    });
    begin += blocksOf(parameter);
  }
  return squares;
}

/** Factors of the gradients, f32 `[2]`; see {@linkcode CLIP_FACTOR}. */
function clipFactorOf(backend: Backend, squares: Tensor<"f32">, clip: number): Tensor<"f32"> {
  if (clip === Infinity) return backend.upload(Float32Array.of(1, 1), [2]);
  const [blocks = 0] = squares.shape;
  return backend.run(CLIP_FACTOR, {
    inputs: { squares },
    uniforms: { blocks, clip },
    invocations: 1,
    output: [2],
  });
}
