/** The encoder of samples that are sequences: x_t is the sample's row t. */

/**
 * Copies a sequence to the layout that the product reads (see noise.ts).
 *
 * @param sequence f32 `[⌈steps / 4⌉ · 4][inputs]`; rows past the last step are readable.
 * @param out f32 X, written.
 * @param inputs A multiple of 4.
 */
export function encodeDirect(sequence: usize, out: usize, steps: i32, inputs: i32): void {
  const row = <usize> inputs << 2;
  for (let step = 0; step < steps; step += 4) {
    for (let x = sequence, end = sequence + row; x < end; x += 16) {
      transpose4(x, row, out, 16);
      out += 64;
    }
    sequence += row << 2;
  }
}

/** Transposes four rows of four f32, `fromStride` bytes apart, to four rows `toStride` bytes apart. */
export function transpose4(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStride);
  const c = v128.load(from + fromStride * 2);
  const d = v128.load(from + fromStride * 3);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to + toStride, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(to + toStride * 2, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5));
  v128.store(to + toStride * 3, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7));
}
