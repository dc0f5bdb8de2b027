/**
 * Products of one row a sample, for inputs that are the same at every step, and their weights' gradient over a batch.
 *
 * Weights lie in panels of up to 32 units, `[panels][inputs][width]`: an input meets `width` numbers of a panel, whose sums stay in
 * registers. Only inputs that are not 0 are met. They are listed: i32 `[capacity]`, which rows, and behind them f32 `[capacity]`, the
 * numbers by which these are multiplied. Sums run in the order of the list, so that their bits depend on nothing else.
 */
import { addRows } from "./add_rows";
import { placesOfCounts } from "./counting_sort";
import { madd } from "./lanes";

/** For each set of lanes, the bytes of these lanes one after the other. */
// deno-fmt-ignore
const TOGETHER = memory.data<u8>([
  16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
  0, 1, 2, 3, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
  4, 5, 6, 7, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
  0, 1, 2, 3, 4, 5, 6, 7, 16, 16, 16, 16, 16, 16, 16, 16,
  8, 9, 10, 11, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
  0, 1, 2, 3, 8, 9, 10, 11, 16, 16, 16, 16, 16, 16, 16, 16,
  4, 5, 6, 7, 8, 9, 10, 11, 16, 16, 16, 16, 16, 16, 16, 16,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 16, 16, 16,
  12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
  0, 1, 2, 3, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16,
  4, 5, 6, 7, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16,
  0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 16, 16, 16, 16,
  8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16,
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16,
  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
]);

/**
 * Lists the inputs of a sample that are not 0. Without branches: which of four inputs are 0 cannot be foretold.
 *
 * @param x f32 `[inputs]`.
 * @param inputs A multiple of 4.
 * @param list A list, written.
 * @param capacity At least `inputs`.
 * @returns How many there are.
 */
export function listRow(x: usize, inputs: i32, list: usize, capacity: i32): i32 {
  const zero = f32x4.splat(0), four = i32x4.splat(4), numbers = <usize> capacity << 2;
  let at = list, here = i32x4(0, 1, 2, 3);
  for (const end = x + (<usize> inputs << 2); x < end; x += 16, here = i32x4.add(here, four)) {
    const xs = v128.load(x), mask = i32x4.bitmask(f32x4.ne(xs, zero));
    const together = v128.load(TOGETHER + (<usize> mask << 4));
    v128.store(at, i8x16.swizzle(here, together));
    v128.store(at + numbers, i8x16.swizzle(xs, together));
    at += <usize> popcnt(mask) << 2;
  }
  return <i32> ((at - list) >> 2);
}

/**
 * Computes a row for each of some samples: y[n] = b[n] + Σ_k x[k]·W[n, k].
 *
 * @param lists A list for each sample (`listRow`).
 * @param counts i32 `[samples]`, how long they are.
 * @param weights f32 `[panels][inputs][width]`.
 * @param bias f32 `[panels · width]`.
 * @param y f32 `[samples][…]`, written; `stride` bytes from sample to sample, at least `panels · width` numbers.
 * @param width A multiple of 4, at most 32.
 */
export function panelRows(
  lists: usize,
  counts: usize,
  capacity: i32,
  samples: i32,
  weights: usize,
  bias: usize,
  y: usize,
  stride: usize,
  panels: i32,
  inputs: i32,
  width: i32,
): void {
  const row = <usize> width << 2, vectors = width >> 2, numbers = <usize> capacity << 2;
  for (let panel = 0; panel < panels; panel++, bias += row, y += row, weights += row * <usize> inputs) {
    let list = lists, to = y;
    for (let sample = 0; sample < samples; sample++, list += numbers << 1, to += stride) {
      const end = list + (<usize> load<i32>(counts + (<usize> sample << 2)) << 2);
      addRows(vectors, list, end, numbers, row, weights, bias, to);
    }
  }
}

/**
 * `panelRows` for samples with few inputs that are 0: four samples share the loads of weights. Sums have the same bits, for what is 0 adds
 * nothing.
 *
 * @param x f32 X, `[⌈samples / 4⌉][inputs][4 samples]`; samples past the last one are ignored.
 */
export function panelTiles(
  x: usize,
  samples: i32,
  weights: usize,
  bias: usize,
  y: usize,
  stride: usize,
  panels: i32,
  inputs: i32,
  width: i32,
): void {
  const row = <usize> width << 2, size = row * <usize> inputs;
  for (let panel = 0; panel < panels; panel++, bias += row, y += row, weights += size) {
    for (let column: usize = 0; column < row; column += 32) {
      const isPair = column + 16 < row, end = weights + column + size;
      let xs = x, to = y + column;
      for (let sample = 0; sample < samples; sample += 4, to += stride << 2) {
        const b = v128.load(bias + column), second: usize = isPair ? 16 : 0;
        const c = v128.load(bias + column + second);
        let a0 = b, a1 = b, a2 = b, a3 = b, c0 = c, c1 = c, c2 = c, c3 = c;
        for (let w = weights + column; w < end; w += row, xs += 16) {
          const four = v128.load(xs), v = v128.load(w), u = v128.load(w + second);
          let s = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
          a0 = madd(s, v, a0), c0 = madd(s, u, c0);
          s = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
          a1 = madd(s, v, a1), c1 = madd(s, u, c1);
          s = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
          a2 = madd(s, v, a2), c2 = madd(s, u, c2);
          s = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
          a3 = madd(s, v, a3), c3 = madd(s, u, c3);
        }
        const left = samples - sample;
        v128.store(to, a0), v128.store(to + second, c0);
        if (left > 1) v128.store(to + stride, a1), v128.store(to + stride + second, c1);
        if (left > 2) v128.store(to + 2 * stride, a2), v128.store(to + 2 * stride + second, c2);
        if (left > 3) v128.store(to + 3 * stride, a3), v128.store(to + 3 * stride + second, c3);
      }
    }
  }
}

/**
 * Turns the lists of samples into lists of inputs: for each the samples in which it is not 0, ascending, and its number there.
 *
 * @param lists A list for each sample (`listRow`).
 * @param counts i32 `[samples]`, how long they are.
 * @param capacity Of a sample's list.
 * @param starts i32 `[inputs + 1]`, written: where each input's list begins, and where the last one's ends.
 * @param columns One list of all, `samples · capacity` long, written.
 */
export function listColumns(
  lists: usize,
  counts: usize,
  capacity: i32,
  samples: i32,
  inputs: i32,
  starts: usize,
  columns: usize,
): void {
  const numbers = <usize> capacity << 2, columnNumbers = numbers * <usize> samples;
  memory.fill(starts, 0, (<usize> inputs << 2) + 4);
  let list = lists;
  for (let sample = 0; sample < samples; sample++, list += numbers << 1) {
    const end = list + (<usize> load<i32>(counts + (<usize> sample << 2)) << 2);
    for (let at = list; at < end; at += 4) {
      const place = starts + (<usize> load<i32>(at) << 2);
      store<i32>(place, load<i32>(place, 4) + 1, 4);
    }
  }
  placesOfCounts(starts, inputs);
  list = lists;
  for (let sample = 0; sample < samples; sample++, list += numbers << 1) {
    const end = list + (<usize> load<i32>(counts + (<usize> sample << 2)) << 2);
    for (let at = list; at < end; at += 4) {
      const place = starts + (<usize> load<i32>(at) << 2), next = load<i32>(place, 4);
      const entry = columns + (<usize> next << 2);
      store<i32>(entry, sample);
      store<f32>(entry + columnNumbers, load<f32>(at + numbers));
      store<i32>(place, next + 1, 4);
    }
  }
}

/**
 * Adds the gradient of some inputs' weights in one panel, over some samples: ∂L/∂W[n, k] += Σ_samples δ[n]·x[k], in their order.
 *
 * @param columns The list of all inputs (`listColumns`), `capacity` long.
 * @param starts i32 `[inputs + 1]`.
 * @param from The first of the inputs; `to` is behind the last one.
 * @param deltas f32 `[samples][width]`, δ of the panel's units (`panelOfRows`).
 * @param gradients f32 `[to − from][width]`, added to.
 */
export function panelGradients(
  columns: usize,
  capacity: i32,
  starts: usize,
  from: i32,
  to: i32,
  deltas: usize,
  width: i32,
  gradients: usize,
): void {
  const row = <usize> width << 2, vectors = width >> 2;
  const numbers = <usize> capacity << 2;
  let begin = columns + (<usize> load<i32>(starts + (<usize> from << 2)) << 2);
  for (let input = from; input < to; input++, gradients += row) {
    const end = columns + (<usize> load<i32>(starts + (<usize> (input + 1) << 2)) << 2);
    if (begin != end) addRows(vectors, begin, end, numbers, row, deltas, gradients, gradients);
    begin = end;
  }
}

/**
 * Copies the columns of one panel out of rows.
 *
 * @param rows f32 `[samples][…]`, from the panel's first column on; `stride` bytes from row to row.
 * @param to f32 `[samples][width]`, written.
 */
export function panelOfRows(rows: usize, stride: usize, samples: i32, width: i32, to: usize): void {
  const row = <usize> width << 2;
  for (let sample = 0; sample < samples; sample++, rows += stride, to += row) memory.copy(to, rows, row);
}

/**
 * Writes the inputs of a list, those that are 0 included.
 *
 * @param list A list (`listRow`).
 * @param x f32 `[inputs]`, written.
 */
export function rowOfList(list: usize, count: i32, capacity: i32, inputs: i32, x: usize): void {
  const numbers = <usize> capacity << 2;
  memory.fill(x, 0, <usize> inputs << 2);
  for (const end = list + (<usize> count << 2); list < end; list += 4) {
    store<f32>(x + (<usize> load<i32>(list) << 2), load<f32>(list + numbers));
  }
}
