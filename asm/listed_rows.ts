/**
 * Sums of listed rows, the inner loop of convolutions: of rows of a matrix, those that a list names, each times its number.
 *
 * An entry of a list is 8 bytes: i32 a row's offset in bytes, f32 its number x. A range is 12 bytes: the addresses of its first entry and
 * behind its last one, and the address that offsets are counted from. Up to eight vectors of the sum stay in registers through all ranges.
 */
import { madd } from "./lanes";

/** Bytes of an entry and of a range. */
export const ENTRY: usize = 8, RANGE: usize = 12;
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

/** Writes a range. @returns Where the next one goes. */
export function putRange(at: usize, begin: usize, end: usize, base: usize): usize {
  store<u32>(at, <u32> begin), store<u32>(at, <u32> end, 4), store<u32>(at, <u32> base, 8);
  return at + RANGE;
}

/**
 * to = from + Σ_ranges Σ_entries x·row, of `length` numbers. Rows, and `from`, are read up to a whole vector; no more than `length`
 * numbers are written.
 *
 * @param ranges `[count]`.
 * @param from Where the sums begin: a bias, or `to` itself.
 */
export function sumListed(ranges: usize, count: i32, length: i32, from: usize, to: usize): void {
  const end = ranges + <usize> count * RANGE;
  let offset: usize = 0, left = length;
  while (left > 0) {
    const vectors = min((left + 3) >> 2, MOST), rest = min(left - 4 * (vectors - 1), 4);
    const a = from + offset, b = to + offset;
    switch (vectors) {
      case 1:
        sum<One>(ranges, end, offset, a, b, rest);
        break;
      case 2:
        sum<Two>(ranges, end, offset, a, b, rest);
        break;
      case 3:
        sum<Three>(ranges, end, offset, a, b, rest);
        break;
      case 4:
        sum<Four>(ranges, end, offset, a, b, rest);
        break;
      case 5:
        sum<Five>(ranges, end, offset, a, b, rest);
        break;
      case 6:
        sum<Six>(ranges, end, offset, a, b, rest);
        break;
      case 7:
        sum<Seven>(ranges, end, offset, a, b, rest);
        break;
      default:
        sum<Eight>(ranges, end, offset, a, b, rest);
    }
    offset += MOST_BYTES, left -= 4 * MOST;
  }
}

/** Of as many vectors as N has fields: what is not needed is left out at compile time. The last vector has `rest` numbers. */
function sum<N>(ranges: usize, end: usize, offset: usize, from: usize, to: usize, rest: i32): void {
  const zero = f32x4.splat(0);
  let a = v128.load(from), b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
  if (offsetof<N>() > 1) b = v128.load(from, 16);
  if (offsetof<N>() > 2) c = v128.load(from, 32);
  if (offsetof<N>() > 3) d = v128.load(from, 48);
  if (offsetof<N>() > 4) e = v128.load(from, 64);
  if (offsetof<N>() > 5) f = v128.load(from, 80);
  if (offsetof<N>() > 6) g = v128.load(from, 96);
  if (offsetof<N>() > 7) h = v128.load(from, 112);
  for (let range = ranges; range < end; range += RANGE) {
    const last = <usize> load<u32>(range, 4), base = <usize> load<u32>(range, 8) + offset;
    for (let entry = <usize> load<u32>(range); entry < last; entry += ENTRY) {
      const row = base + <usize> load<u32>(entry), x = v128.load32_splat(entry, 4);
      a = madd(x, v128.load(row), a);
      if (offsetof<N>() > 1) b = madd(x, v128.load(row, 16), b);
      if (offsetof<N>() > 2) c = madd(x, v128.load(row, 32), c);
      if (offsetof<N>() > 3) d = madd(x, v128.load(row, 48), d);
      if (offsetof<N>() > 4) e = madd(x, v128.load(row, 64), e);
      if (offsetof<N>() > 5) f = madd(x, v128.load(row, 80), f);
      if (offsetof<N>() > 6) g = madd(x, v128.load(row, 96), g);
      if (offsetof<N>() > 7) h = madd(x, v128.load(row, 112), h);
    }
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
