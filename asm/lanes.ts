/**
 * Vector idioms of four float32 lanes that all kernels share.
 *
 * One source makes two builds (tools/build.ts). With relaxed SIMD a·b + c is one fused instruction, rounded once; the plain SIMD128
 * build, for runtimes without it, multiplies and adds, rounded twice. Everything else computes the same in both.
 */

/** a·b + c in each lane. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The bytes of `a` that `bytes` names; 0 where it is 128. */
export function pick(a: v128, bytes: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(a, bytes);
  return i8x16.swizzle(a, bytes);
}

/** The sum of four lanes: (0 + 1) + (2 + 3), always in this order. */
export function sumLanes(a: v128): f32 {
  return (f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1)) +
    (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}

/** The first address behind the module's own constants, from which the host lays out memory. */
export function heapBase(): usize {
  return __heap_base;
}

/** 1 where `madd` rounds once (a fused multiply-add), 0 where it rounds twice: (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴ or 0. */
export function fuses(): i32 {
  const a = f32x4.splat(1.000244140625), c = f32x4.splat(-1.00048828125);
  return i32(f32x4.extract_lane(madd(a, a, c), 0) != 0);
}
