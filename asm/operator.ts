/**
 * An operator's descriptor, which the kernels of operators read: the addresses of its arrays. The host writes one for each.
 *
 * A kernel of an operator takes a node through the steps `from` ≤ t < `to`: `forward<Kind>` gives y_t from x, `backward<Kind>`
 * gives δx_t from δy, and `weightGradient<Kind>`, of a kind with learned tensors, adds to their gradients. Arrays of steps are
 * f32 `[steps][…]` with rows padded to a multiple of 4; the padding is 0. A row's memory order is row, column, channel. Where one
 * row holds for all steps its stride is 0, and the kernel takes one step.
 *
 * A kind that needs memory of its own says how much: `workspace<Kind>` gives words for a geometry. Samples share it; only what follows
 * from the tensors may stay there, and the first word is 0 when these have changed. A kind that normalises over a batch has `sums<Kind>`,
 * which writes what it needs of a sample, f64, to `sums`, and `settle<Kind>`, which takes the batch's totals from there; both also for
 * the backward pass: `sumsBack<Kind>`, `settleBack<Kind>`.
 */

/** The fields are 4 bytes each, in this order; `OPERATOR_FIELDS` in src/engine/wasm/operator_descriptor.ts is the same list. */
@unmanaged
export class Operator {
  /** The sample's steps. */
  steps: i32;
  /** x_t and y_t, and bytes from step to step. */
  inputs: usize;
  inputStride: i32;
  outputs: usize;
  outputStride: i32;
  /** δy_t and δx_t, likewise. */
  outputGradients: usize;
  outputGradientStride: i32;
  inputGradients: usize;
  inputGradientStride: i32;
  /** Addresses of its tensors and of their gradients, in the order of its registry entry. */
  tensors: usize;
  gradients: usize;
  /** i32: whole numbers, and f32: others, in the order of its registry entry. */
  geometry: usize;
  settings: usize;
  workspace: usize;
  sums: usize;
  /** 1 while the sample is trained on, else 0. */
  isTraining: i32;
  /** The key of the sample's draws (random.ts). */
  key0: i32;
  key1: i32;
}

/** How many fields a descriptor has. */
export function operatorFields(): i32 {
  return <i32> (offsetof<Operator>() >> 2);
}

/** The address of a tensor. */
export function tensorOf(operator: Operator, index: i32): usize {
  return <usize> load<u32>(operator.tensors + (<usize> index << 2));
}

/** The address of a tensor's gradient. */
export function gradientOf(operator: Operator, index: i32): usize {
  return <usize> load<u32>(operator.gradients + (<usize> index << 2));
}

/** A whole number of its geometry. */
export function geometryOf(operator: Operator, index: i32): i32 {
  return load<i32>(operator.geometry + (<usize> index << 2));
}

/** A number of its settings. */
export function settingOf(operator: Operator, index: i32): f32 {
  return load<f32>(operator.settings + (<usize> index << 2));
}

/** Where the host writes a geometry before it asks for a workspace. */
export function geometryRoom(): usize {
  return GEOMETRY;
}

const GEOMETRY: usize = memory.data(64, 16);

/** Where a step's x lies; so do the others. */
export function inputsAt(operator: Operator, step: i32): usize {
  return operator.inputs + <usize> (step * operator.inputStride);
}

export function outputsAt(operator: Operator, step: i32): usize {
  return operator.outputs + <usize> (step * operator.outputStride);
}

export function outputGradientsAt(operator: Operator, step: i32): usize {
  return operator.outputGradients + <usize> (step * operator.outputGradientStride);
}

export function inputGradientsAt(operator: Operator, step: i32): usize {
  return operator.inputGradients + <usize> (step * operator.inputGradientStride);
}
