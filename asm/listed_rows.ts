/**
 * Sums of listed rows, the inner loop of convolutions: of rows of a matrix, those that a list names, each times its number.
 *
 * An entry of a list is 8 bytes: i32 a row's offset in bytes, f32 its number x. A sum reads entries in pairs, so a list is closed before
 * ({@linkcode closeList}). Up to eight vectors of the sum stay in registers through the whole list.
 */
import { madd, pick } from "./lanes";

/** Bytes of an entry. */
export const ENTRY: usize = 8;
/** Entries behind the last one that may be written. */
export const BEHIND: usize = 4;
/** Vectors of a sum that stay in registers, and their bytes. */
const MOST: i32 = 8, MOST_BYTES: usize = 128;

/** Numbers of vectors, as types: a class has as many bytes. */
@unmanaged
export class One {
  a: u8;
}

@unmanaged
export class Two {
  a: u8;
  b: u8;
}

@unmanaged
export class Three {
  a: u8;
  b: u8;
  c: u8;
}

@unmanaged
export class Four {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
}

@unmanaged
export class Five {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
  e: u8;
}

@unmanaged
export class Six {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
  e: u8;
  f: u8;
}

@unmanaged
export class Seven {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
  e: u8;
  f: u8;
  g: u8;
}

@unmanaged
export class Eight {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
  e: u8;
  f: u8;
  g: u8;
  h: u8;
}

/** By a mask of four lanes, the bytes that bring these to the front ({@linkcode pick}). */
// deno-fmt-ignore
const FRONT: usize = memory.data<u8>([
  128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
  0, 1, 2, 3, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
  4, 5, 6, 7, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
  0, 1, 2, 3, 4, 5, 6, 7, 128, 128, 128, 128, 128, 128, 128, 128,
  8, 9, 10, 11, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
  0, 1, 2, 3, 8, 9, 10, 11, 128, 128, 128, 128, 128, 128, 128, 128,
  4, 5, 6, 7, 8, 9, 10, 11, 128, 128, 128, 128, 128, 128, 128, 128,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 128, 128, 128, 128,
  12, 13, 14, 15, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
  0, 1, 2, 3, 12, 13, 14, 15, 128, 128, 128, 128, 128, 128, 128, 128,
  4, 5, 6, 7, 12, 13, 14, 15, 128, 128, 128, 128, 128, 128, 128, 128,
  0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 128, 128, 128, 128,
  8, 9, 10, 11, 12, 13, 14, 15, 128, 128, 128, 128, 128, 128, 128, 128,
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 128, 128, 128, 128,
  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 128, 128, 128, 128,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
], 16);

/** Lists those of four rows that a mask names. Up to {@linkcode BEHIND} entries may be written. @returns Where the next entry goes. */
export function putEntries(entry: usize, mask: i32, offsets: v128, numbers: v128): usize {
  const bytes = v128.load(FRONT + (<usize> mask << 4)), rows = pick(offsets, bytes), x = pick(numbers, bytes);
  v128.store(entry, v128.shuffle<f32>(rows, x, 0, 4, 1, 5));
  v128.store(entry, v128.shuffle<f32>(rows, x, 2, 6, 3, 7), 16);
  return entry + (<usize> popcnt(mask) << 3);
}

/** Copies entries, whose offsets grow by `more`. Up to {@linkcode BEHIND} entries behind the last one may be read and written. */
export function copyEntries(from: usize, end: usize, more: u32, to: usize): usize {
  const there = to + (end - from), grow = i64x2.splat(<i64> more);
  for (; from < end; from += 4 * ENTRY, to += 4 * ENTRY) {
    v128.store(to, i32x4.add(v128.load(from), grow));
    v128.store(to, i32x4.add(v128.load(from, 16), grow), 16);
  }
  return there;
}

/** Puts an entry that adds nothing behind the last one, for a sum that reads pairs. */
export function closeList(end: usize): void {
  store<u32>(end, load<u32>(end - ENTRY)), store<f32>(end, 0, 4);
}

/**
 * to = from + Σ_entries x·row, of `length` numbers. Rows, and `from`, are read up to a whole vector; no more than `length` numbers are
 * written.
 *
 * @param entry The first of a closed list.
 * @param base The address that offsets are counted from.
 * @param from Where the sums begin: a bias, or `to` itself.
 */
export function sumListed(entry: usize, end: usize, base: usize, length: i32, from: usize, to: usize): void {
  let offset: usize = 0, left = length;
  while (left > 0) {
    const vectors = min((left + 3) >> 2, MOST), rest = min(left - 4 * (vectors - 1), 4);
    const a = from + offset, b = to + offset;
    switch (vectors) {
      case 1:
        sum<One>(entry, end, base + offset, a, b, rest);
        break;
      case 2:
        sum<Two>(entry, end, base + offset, a, b, rest);
        break;
      case 3:
        sum<Three>(entry, end, base + offset, a, b, rest);
        break;
      case 4:
        sum<Four>(entry, end, base + offset, a, b, rest);
        break;
      case 5:
        sum<Five>(entry, end, base + offset, a, b, rest);
        break;
      case 6:
        sum<Six>(entry, end, base + offset, a, b, rest);
        break;
      case 7:
        sum<Seven>(entry, end, base + offset, a, b, rest);
        break;
      default:
        sum<Eight>(entry, end, base + offset, a, b, rest);
    }
    offset += MOST_BYTES, left -= 4 * MOST;
  }
}

/** Of as many vectors as N has fields: what is not needed is left out at compile time. The last vector has `rest` numbers. */
function sum<N>(entry: usize, end: usize, base: usize, from: usize, to: usize, rest: i32): void {
  const zero = f32x4.splat(0);
  let a = v128.load(from), b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
  if (offsetof<N>() > 1) b = v128.load(from, 16);
  if (offsetof<N>() > 2) c = v128.load(from, 32);
  if (offsetof<N>() > 3) d = v128.load(from, 48);
  if (offsetof<N>() > 4) e = v128.load(from, 64);
  if (offsetof<N>() > 5) f = v128.load(from, 80);
  if (offsetof<N>() > 6) g = v128.load(from, 96);
  if (offsetof<N>() > 7) h = v128.load(from, 112);
  for (; entry < end; entry += 2 * ENTRY) {
    const two = v128.load(entry);
    const first = base + <usize> load<u32>(entry), x = v128.shuffle<f32>(two, two, 1, 1, 1, 1);
    a = madd(x, v128.load(first), a);
    if (offsetof<N>() > 1) b = madd(x, v128.load(first, 16), b);
    if (offsetof<N>() > 2) c = madd(x, v128.load(first, 32), c);
    if (offsetof<N>() > 3) d = madd(x, v128.load(first, 48), d);
    if (offsetof<N>() > 4) e = madd(x, v128.load(first, 64), e);
    if (offsetof<N>() > 5) f = madd(x, v128.load(first, 80), f);
    if (offsetof<N>() > 6) g = madd(x, v128.load(first, 96), g);
    if (offsetof<N>() > 7) h = madd(x, v128.load(first, 112), h);
    const second = base + <usize> load<u32>(entry, 8), z = v128.shuffle<f32>(two, two, 3, 3, 3, 3);
    a = madd(z, v128.load(second), a);
    if (offsetof<N>() > 1) b = madd(z, v128.load(second, 16), b);
    if (offsetof<N>() > 2) c = madd(z, v128.load(second, 32), c);
    if (offsetof<N>() > 3) d = madd(z, v128.load(second, 48), d);
    if (offsetof<N>() > 4) e = madd(z, v128.load(second, 64), e);
    if (offsetof<N>() > 5) f = madd(z, v128.load(second, 80), f);
    if (offsetof<N>() > 6) g = madd(z, v128.load(second, 96), g);
    if (offsetof<N>() > 7) h = madd(z, v128.load(second, 112), h);
  }
  let lastOne = a;
  if (offsetof<N>() > 1) v128.store(to, a), lastOne = b;
  if (offsetof<N>() > 2) v128.store(to, b, 16), lastOne = c;
  if (offsetof<N>() > 3) v128.store(to, c, 32), lastOne = d;
  if (offsetof<N>() > 4) v128.store(to, d, 48), lastOne = e;
  if (offsetof<N>() > 5) v128.store(to, e, 64), lastOne = f;
  if (offsetof<N>() > 6) v128.store(to, f, 80), lastOne = g;
  if (offsetof<N>() > 7) v128.store(to, g, 96), lastOne = h;
  storeSome(to + <usize> (16 * (offsetof<N>() - 1)), lastOne, rest);
}

/** Stores the first `count` lanes of a vector, 1 to 4. */
export function storeSome(to: usize, v: v128, count: i32): void {
  if (count > 3) v128.store(to, v);
  else if (count == 3) v128.store64_lane(to, v, 0), v128.store32_lane(to, v, 2, 8);
  else if (count == 2) v128.store64_lane(to, v, 0);
  else v128.store32_lane(to, v, 0);
}
