/** Sums of rows, which products of sparse inputs are made of. */
import { madd } from "./lanes";

/**
 * to = from + Σ number·row over a list of rows, in its order. Up to 8 vectors of a row stay in registers meanwhile.
 *
 * @param vectors How many of a row's vectors: 1 to 8.
 * @param list i32, the rows' places, up to `end`; `numbers` bytes behind each place lies its number, f32.
 * @param row Bytes from one place to the next.
 * @param rows The first of a row's vectors, at place 0.
 */
export function addRows(
  vectors: i32,
  list: usize,
  end: usize,
  numbers: usize,
  row: usize,
  rows: usize,
  from: usize,
  to: usize,
): void {
  switch (vectors) {
    case 8:
      return addVectors<Eight>(list, end, numbers, row, rows, from, to);
    case 7:
      return addVectors<Seven>(list, end, numbers, row, rows, from, to);
    case 6:
      return addVectors<Six>(list, end, numbers, row, rows, from, to);
    case 5:
      return addVectors<Five>(list, end, numbers, row, rows, from, to);
    case 4:
      return addVectors<Four>(list, end, numbers, row, rows, from, to);
    case 3:
      return addVectors<Three>(list, end, numbers, row, rows, from, to);
    case 2:
      return addVectors<Two>(list, end, numbers, row, rows, from, to);
    default:
      return addVectors<One>(list, end, numbers, row, rows, from, to);
  }
}

/** Numbers that the compiler knows, as sizes in bytes. */
@unmanaged
export class One {
  a: u8;
}

@unmanaged
export class Two extends One {
  b: u8;
}

@unmanaged
export class Three extends Two {
  c: u8;
}

@unmanaged
export class Four extends Three {
  d: u8;
}

@unmanaged
export class Five extends Four {
  e: u8;
}

@unmanaged
export class Six extends Five {
  f: u8;
}

@unmanaged
export class Seven extends Six {
  g: u8;
}

@unmanaged
export class Eight extends Seven {
  h: u8;
}

/** The same for one number of vectors; the branches are the compiler's. */
function addVectors<Vectors>(
  list: usize,
  end: usize,
  numbers: usize,
  row: usize,
  rows: usize,
  from: usize,
  to: usize,
): void {
  let a = v128.load(from), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  if (offsetof<Vectors>() > 1) b = v128.load(from, 16);
  if (offsetof<Vectors>() > 2) c = v128.load(from, 32);
  if (offsetof<Vectors>() > 3) d = v128.load(from, 48);
  if (offsetof<Vectors>() > 4) e = v128.load(from, 64);
  if (offsetof<Vectors>() > 5) f = v128.load(from, 80);
  if (offsetof<Vectors>() > 6) g = v128.load(from, 96);
  if (offsetof<Vectors>() > 7) h = v128.load(from, 112);
  for (; list < end; list += 4) {
    const x = v128.load32_splat(list + numbers), w = rows + <usize> load<i32>(list) * row;
    a = madd(x, v128.load(w), a);
    if (offsetof<Vectors>() > 1) b = madd(x, v128.load(w, 16), b);
    if (offsetof<Vectors>() > 2) c = madd(x, v128.load(w, 32), c);
    if (offsetof<Vectors>() > 3) d = madd(x, v128.load(w, 48), d);
    if (offsetof<Vectors>() > 4) e = madd(x, v128.load(w, 64), e);
    if (offsetof<Vectors>() > 5) f = madd(x, v128.load(w, 80), f);
    if (offsetof<Vectors>() > 6) g = madd(x, v128.load(w, 96), g);
    if (offsetof<Vectors>() > 7) h = madd(x, v128.load(w, 112), h);
  }
  v128.store(to, a);
  if (offsetof<Vectors>() > 1) v128.store(to, b, 16);
  if (offsetof<Vectors>() > 2) v128.store(to, c, 32);
  if (offsetof<Vectors>() > 3) v128.store(to, d, 48);
  if (offsetof<Vectors>() > 4) v128.store(to, e, 64);
  if (offsetof<Vectors>() > 5) v128.store(to, f, 80);
  if (offsetof<Vectors>() > 6) v128.store(to, g, 96);
  if (offsetof<Vectors>() > 7) v128.store(to, h, 112);
}
