/**
 * One step of an optimiser, on the device.
 *
 * @module
 */
import { ADAM } from "../../../asm/optimisers/adam.wgsl.ts";
import { CLIP_BLOCK, CLIP_FACTOR, SUM_SQUARES } from "../../../asm/optimisers/clip.wgsl.ts";
import { SGD } from "../../../asm/optimisers/sgd.wgsl.ts";
import type { Backend, Tensor } from "../gpu/backend.ts";
import { adamConstants, type CompleteStep } from "../optimiser.ts";
import type { DeviceParameter } from "./device_parameters.ts";

/**
 * Moves all parameters by the gradients that were added.
 *
 * @param number Of the step, from 1.
 */
export function updateParameters(
  backend: Backend,
  parameters: readonly DeviceParameter[],
  step: CompleteStep,
  number: number,
): void {
  backend.scoped(() => {
    const factor = clipFactorOf(backend, parameters, step.clip);
    for (const { rows, columns, values, gradient } of parameters) {
      const call = { inputs: { gradient, factor }, invocations: rows * columns, output: values };
      switch (step.kind) {
        case "sgd": {
          const { learningRate, momentum, weightDecay } = step;
          backend.run(SGD, { ...call, uniforms: { learningRate, momentum, weightDecay } });
          break;
        }
        case "adam":
        case "adamw": {
          const { beta1, beta2, epsilon } = step;
          const moments = { toMean: 1 - beta1, keep: beta2, toSquare: 1 - beta2 };
          backend.run(ADAM, { ...call, uniforms: { ...adamConstants(step, number), ...moments, epsilon } });
          break;
        }
        default:
          step satisfies never;
      }
    }
  });
}

/** What gradients are multiplied by, f32 `[1]`. */
function clipFactorOf(backend: Backend, parameters: readonly DeviceParameter[], clip: number): Tensor<"f32"> {
  if (clip === Infinity) return backend.upload(Float32Array.of(1), [1]);
  const blocksOf = ({ rows, columns }: DeviceParameter) => Math.ceil(rows * columns / CLIP_BLOCK);
  const blocks = parameters.reduce((sum, parameter) => sum + blocksOf(parameter), 0);
  const squares = backend.allocate("f32", [blocks]);
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
  return backend.run(CLIP_FACTOR, {
    inputs: { squares },
    uniforms: { blocks, clip },
    invocations: 1,
    output: [1],
  });
}
