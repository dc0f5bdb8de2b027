/**
 * An operator's descriptor in a kernel's memory, for tests of its kernels.
 *
 * @module
 */
import { OPERATOR_FIELDS } from "../../../src/engine/wasm/operator_descriptor.ts";
import type { KernelMemory } from "../kernel_memory.ts";

/** What a descriptor has; absent fields are 0. */
export type OperatorFields = Partial<Record<typeof OPERATOR_FIELDS[number], number>>;

/** Writes a descriptor, with tables of tensors and whole numbers. @returns Its address. */
export function describeOperator(
  memory: KernelMemory,
  fields: OperatorFields,
  { tensors = [], gradients = [], geometry }: {
    readonly tensors?: readonly number[];
    readonly gradients?: readonly number[];
    readonly geometry: readonly number[];
  },
): number {
  const all: OperatorFields = {
    ...fields,
    tensors: memory.integers(tensors),
    gradients: memory.integers(gradients),
    geometry: memory.integers(geometry),
  };
  return memory.integers(OPERATOR_FIELDS.map((field) => all[field] ?? 0));
}
