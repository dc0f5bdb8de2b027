/**
 * The descriptor of a layer that the kernels of neurons read (asm/layer.ts), written once when the memory is allocated.
 */

/** The descriptor's fields, 4 bytes each, in the order of `Layer` in asm/layer.ts. */
export const LAYER_FIELDS = [
  "units",
  "steps",
  "currents",
  "currentStride",
  "feedback",
  "state",
  "decays",
  "thresholds",
  "scales",
  "starts",
  "constants",
  "settings",
  "potentials",
  "outputs",
  "distances",
  "outputGradients",
  "outputGradientStride",
  "shares",
  "stateGradients",
  "currentGradients",
  "currentGradientStride",
  "decayGradients",
  "thresholdGradients",
  "scaleGradients",
  "startGradients",
] as const;

/** The values of a descriptor's fields. */
export type LayerDescriptor = Readonly<Record<typeof LAYER_FIELDS[number], number>>;

/** Writes a descriptor to an address. */
export function writeDescriptor(integers: Int32Array, at: number, descriptor: LayerDescriptor): void {
  LAYER_FIELDS.forEach((field, i) => integers[(at >> 2) + i] = descriptor[field]);
}

/** A field's offset in a descriptor, in bytes. */
export function fieldAt(field: typeof LAYER_FIELDS[number]): number {
  return 4 * LAYER_FIELDS.indexOf(field);
}
