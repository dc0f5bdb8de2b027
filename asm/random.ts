/**
 * Counter-based draws: a draw is a pure function of a 64-bit key and a 32-bit counter, four counters at a time.
 *
 * The key is derived from (seed, epoch, sample); the counter is step · 2¹⁶ + ⌊input / 2⌋. So a sample has the same noise in any batch,
 * on any thread and machine. `src/random.ts` computes the same in plain TypeScript and derives the keys.
 *
 *     z = counter + key0;  z ^= z >> 16;  z *= 0x7feb352d;  z ^= key1;  z ^= z >> 15;  z *= 0x846ca68b;  z ^= z >> 16
 *
 * Source: the two-round multiply–xor-shift finaliser "lowbias32" (C. Wellons, Prospecting for Hash Functions, 2018). The
 * key's second half enters after the first multiplication: without it, two samples whose counters overlap would draw the same
 * numbers, only shifted.
 */

/**
 * The hash's two multipliers, which loops read into registers before they begin: V8 materialises a vector constant anew at each use,
 * which costs half of the encoder's time.
 */
export const MULTIPLIERS = memory.data<u32>([0x7feb352d, 0x846ca68b]);

/**
 * Constants that convert 16 bits v of a hash to v + ½ (likewise in registers): the low half's mask; 2²³ as a float, into whose last
 * 16 bits v is inserted; 2²³ − ½, subtracted to leave v + ½. And 1, as an integer.
 */
export const DRAWS = memory.data<u32>([0xffff, 0x4b000000, 0x4affffff, 1]);

/** 32 random bits in each lane, for the counters in `z` with key0 added already. */
export function hash(z: v128, key1: v128, m1: v128, m2: v128): v128 {
  z = v128.xor(z, i32x4.shr_u(z, 16));
  z = i32x4.mul(z, m1);
  z = v128.xor(z, key1);
  z = v128.xor(z, i32x4.shr_u(z, 15));
  z = i32x4.mul(z, m2);
  return v128.xor(z, i32x4.shr_u(z, 16));
}

/**
 * Writes the bits, for tests and statistics: `out[i] = hash(counter + i)`.
 *
 * @param out i32 `[count]`, written.
 * @param count A multiple of 4.
 */
export function hashCounters(counter: i32, key0: i32, key1: i32, out: usize, count: i32): void {
  let z = i32x4.add(i32x4.splat(counter + key0), i32x4(0, 1, 2, 3));
  const k = i32x4.splat(key1), m1 = v128.load32_splat(MULTIPLIERS), m2 = v128.load32_splat(MULTIPLIERS, 4);
  for (let i = 0; i < count; i += 4) {
    v128.store(out, hash(z, k, m1, m2));
    z = i32x4.add(z, i32x4.splat(4));
    out += 16;
  }
}
