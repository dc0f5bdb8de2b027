// @ts-nocheck: AssemblyScript, compiled by compile_ceiling.ts; never part of the product's kernels.
/**
 * The ceiling of a core through WASM: loops of multiply-adds alone, on twelve accumulators, without a load or a store.
 *
 * The fused multiply-add waits four cycles for its result and starts twice a cycle on every x86 of ten years: eight chains would
 * do, twelve leave a margin. V8 allocates fifteen vector registers.
 */

/** Operations of one turn: twelve instructions (or pairs of them), eight, sixteen or thirty-two operations each. */
export const MADD_FLOPS: i32 = 12 * 8;
export const DOT_OPS: i32 = 12 * 16;
/** Without relaxed SIMD there is no such instruction: the pair of `dotCeiling` stands in for it. */
export const BYTE_OPS: i32 = 12 * (ASC_FEATURE_RELAXED_SIMD ? 32 : 16);

function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * a ← w·v + a.
 *
 * @param data f32 `[14][4]`: the accumulators, all different, so that no compiler makes one of two; then w and v.
 * @param out f32 `[4]`, written: their sum, so that none is left out.
 */
export function maddCeiling(data: usize, turns: i32, out: usize): void {
  let a = v128.load(data), b = v128.load(data, 16), c = v128.load(data, 32), d = v128.load(data, 48);
  let e = v128.load(data, 64), f = v128.load(data, 80), g = v128.load(data, 96), h = v128.load(data, 112);
  let i = v128.load(data, 128), j = v128.load(data, 144), k = v128.load(data, 160), l = v128.load(data, 176);
  const w = v128.load(data, 192), v = v128.load(data, 208);
  for (let turn = 0; turn < turns; turn++) {
    a = madd(w, v, a), b = madd(w, v, b), c = madd(w, v, c), d = madd(w, v, d);
    e = madd(w, v, e), f = madd(w, v, f), g = madd(w, v, g), h = madd(w, v, h);
    i = madd(w, v, i), j = madd(w, v, j), k = madd(w, v, k), l = madd(w, v, l);
  }
  a = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  e = f32x4.add(f32x4.add(e, f), f32x4.add(g, h));
  i = f32x4.add(f32x4.add(i, j), f32x4.add(k, l));
  v128.store(out, f32x4.add(a, f32x4.add(e, i)));
}

/**
 * a ← b·w + a in pairs of 16-bit integers (8 products, 4 sums of pairs, 4 sums more: 16 operations in two instructions).
 * Each accumulator takes its neighbour as a factor: a product of two constants would be computed once, before the loop.
 *
 * @param data i16 `[13][8]`: the accumulators, then w.
 * @param out i32 `[4]`, written.
 */
export function dotCeiling(data: usize, turns: i32, out: usize): void {
  let a = v128.load(data), b = v128.load(data, 16), c = v128.load(data, 32), d = v128.load(data, 48);
  let e = v128.load(data, 64), f = v128.load(data, 80), g = v128.load(data, 96), h = v128.load(data, 112);
  let i = v128.load(data, 128), j = v128.load(data, 144), k = v128.load(data, 160), l = v128.load(data, 176);
  const w = v128.load(data, 192);
  for (let turn = 0; turn < turns; turn++) {
    a = i32x4.add(a, i32x4.dot_i16x8_s(b, w)), b = i32x4.add(b, i32x4.dot_i16x8_s(c, w));
    c = i32x4.add(c, i32x4.dot_i16x8_s(d, w)), d = i32x4.add(d, i32x4.dot_i16x8_s(e, w));
    e = i32x4.add(e, i32x4.dot_i16x8_s(f, w)), f = i32x4.add(f, i32x4.dot_i16x8_s(g, w));
    g = i32x4.add(g, i32x4.dot_i16x8_s(h, w)), h = i32x4.add(h, i32x4.dot_i16x8_s(i, w));
    i = i32x4.add(i, i32x4.dot_i16x8_s(j, w)), j = i32x4.add(j, i32x4.dot_i16x8_s(k, w));
    k = i32x4.add(k, i32x4.dot_i16x8_s(l, w)), l = i32x4.add(l, i32x4.dot_i16x8_s(a, w));
  }
  a = i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
  e = i32x4.add(i32x4.add(e, f), i32x4.add(g, h));
  i = i32x4.add(i32x4.add(i, j), i32x4.add(k, l));
  v128.store(out, i32x4.add(a, i32x4.add(e, i)));
}

/** a ← b·w + a with the products of signed bytes and 7-bit numbers, four to a sum. */
function bytes(b: v128, w: v128, a: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(b, w, a);
  return i32x4.add(a, i32x4.dot_i16x8_s(b, w));
}

/**
 * As `dotCeiling`, four bytes at a time: sixteen products and as many sums in one instruction, where the processor has it.
 *
 * @param data i8 `[13][16]`: the accumulators, then w, from 0 to 127.
 */
export function byteCeiling(data: usize, turns: i32, out: usize): void {
  let a = v128.load(data), b = v128.load(data, 16), c = v128.load(data, 32), d = v128.load(data, 48);
  let e = v128.load(data, 64), f = v128.load(data, 80), g = v128.load(data, 96), h = v128.load(data, 112);
  let i = v128.load(data, 128), j = v128.load(data, 144), k = v128.load(data, 160), l = v128.load(data, 176);
  const w = v128.and(v128.load(data, 192), i8x16.splat(0x7f));
  for (let turn = 0; turn < turns; turn++) {
    a = bytes(b, w, a), b = bytes(c, w, b), c = bytes(d, w, c), d = bytes(e, w, d);
    e = bytes(f, w, e), f = bytes(g, w, f), g = bytes(h, w, g), h = bytes(i, w, h);
    i = bytes(j, w, i), j = bytes(k, w, j), k = bytes(l, w, k), l = bytes(a, w, l);
  }
  a = i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
  e = i32x4.add(i32x4.add(e, f), i32x4.add(g, h));
  i = i32x4.add(i32x4.add(i, j), i32x4.add(k, l));
  v128.store(out, i32x4.add(a, i32x4.add(e, i)));
}
