/** The descriptor of an operator that its kernels read (asm/operator.ts). */

/** The descriptor's fields, 4 bytes each, in the order of `Operator` in asm/operator.ts. */
export const OPERATOR_FIELDS = [
  "steps",
  "inputs",
  "inputStride",
  "outputs",
  "outputStride",
  "outputGradients",
  "outputGradientStride",
  "inputGradients",
  "inputGradientStride",
  "tensors",
  "gradients",
  "geometry",
  "settings",
  "workspace",
  "sums",
  "isTraining",
  "key0",
  "key1",
] as const;
