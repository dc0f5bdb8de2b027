/** The numbers of tensors of any type. */
import type { Tensor } from "./safetensors.ts";

/**
 * A tensor's elements as numbers. Exact but for I64 and U64 beyond 2⁵³, which are rounded to the nearest float64.
 *
 * @returns A view where the elements are numbers already, else a copy. BOOL gives 0 and 1.
 */
export function numbersOf(tensor: Tensor): Exclude<Tensor["data"], BigInt64Array | BigUint64Array> {
  switch (tensor.dtype) {
    case "F64":
    case "F32":
    case "I32":
    case "I16":
    case "I8":
    case "U32":
    case "U16":
    case "U8":
      return tensor.data;
    case "F16":
      return Float32Array.from(tensor.data, halfOf);
    case "BF16":
      return new Float32Array(Uint32Array.from(tensor.data, (bits) => bits << 16).buffer);
    case "BOOL":
      return Uint8Array.from(tensor.data, (byte) => byte === 0 ? 0 : 1);
    case "I64":
    case "U64":
      return Float64Array.from(tensor.data, Number);
    default:
      return tensor satisfies never;
  }
}

/** The value of 16 bits (IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction). */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
