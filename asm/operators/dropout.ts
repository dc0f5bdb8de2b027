/**
 * Dropout (Srivastava et al. 2014): in training, numbers of x are left out, the same ones at all steps of a sample.
 *
 *     y_t[i] = m_i·x_t[i];   δx_t[i] = m_i·δy_t[i];   m_i = 0 with probability p, else 1/(1 − p); 1 outside training
 *
 * m_i is drawn by a key of the sample and a counter (random.ts), the place of i in the order channel, row, column: so it is computed
 * anew where it is needed. Geometry: C channels, P positions. Settings: p.
 */
import { hash, MULTIPLIERS } from "../random";
import {
  geometryOf,
  inputGradientsAt,
  inputsAt,
  Operator,
  outputGradientsAt,
  outputsAt,
  settingOf,
} from "../operator";
import { storeSome } from "../listed_rows";

export function forwardDropout(operator: Operator, from: i32, to: i32): void {
  drop(
    operator,
    from,
    to,
    inputsAt(operator, 0),
    operator.inputStride,
    outputsAt(operator, 0),
    operator.outputStride,
  );
}

export function backwardDropout(operator: Operator, from: i32, to: i32): void {
  const delta = outputGradientsAt(operator, 0), dx = inputGradientsAt(operator, 0);
  drop(operator, from, to, delta, operator.outputGradientStride, dx, operator.inputGradientStride);
}

/** y = m ∘ x of some steps: a few numbers through all of them. */
function drop(operator: Operator, from: i32, to: i32, x: usize, xStride: i32, y: usize, yStride: i32): void {
  const channels = geometryOf(operator, 0),
    positions = geometryOf(operator, 1),
    rate = settingOf(operator, 0);
  const most = i32x4.splat(<i32> Mathf.round(rate * 16777216)), scale = f32x4.splat(<f32> 1 / (1 - rate));
  const m1 = v128.load32_splat(MULTIPLIERS), m2 = v128.load32_splat(MULTIPLIERS, 4);
  const key1 = i32x4.splat(operator.key1), one = i32x4.splat(positions);
  const isTraining = operator.isTraining != 0, lanes = i32x4.mul(one, i32x4(0, 1, 2, 3));
  x += <usize> (from * xStride), y += <usize> (from * yStride);
  for (let position = 0; position < positions; position++) {
    for (let channel = 0; channel < channels; channel += 4) {
      const left = min(channels - channel, 4);
      let mask = f32x4.splat(1);
      if (isTraining) {
        const counter = i32x4.add(i32x4.splat(operator.key0 + channel * positions + position), lanes);
        const draw = i32x4.shr_u(hash(counter, key1, m1, m2), 8);
        mask = v128.and(scale, i32x4.ge_s(draw, most));
      }
      let a = x, b = y;
      for (let step = from; step < to; step++, a += <usize> xStride, b += <usize> yStride) {
        storeSome(b, f32x4.mul(mask, v128.load(a)), left);
      }
      x += <usize> left << 2, y += <usize> left << 2;
    }
  }
}
