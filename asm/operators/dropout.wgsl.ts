/**
 * Dropout in WGSL: the mask of dropout.ts, bit for bit.
 *
 *     y_t[i] = m_i·x_t[i];   δx_t[i] = m_i·δy_t[i];   m_i = 0 with probability p, else 1/(1 − p); 1 outside training
 */
import type { OperatorCode } from "../operator.wgsl.ts";

/** m_i; p·2²⁴ is rounded as Mathf.round does, halves up. */
const FACTOR = `
fn factorOf(sample : i32, i : i32) -> f32 {
  if (uniforms.isTraining == 0) { return 1.0; }
  let share = uniforms.rate * 16777216.0;
  let above = ceil(share);
  let most = select(above - 1.0, above, above - 0.5 <= share);
  return select(0.0, 1.0 / (1.0 - uniforms.rate), drawOf(sample, i) >= i32(most));
}`;

/** Where m_i is 0 the number is 0, whatever x is. */
const DROP = `
  let factor = factorOf(sample, i);
  y = select(0.0, factor * valueAt(sample, step, i), factor > 0.0);`;

export const DROPOUT: OperatorCode = {
  name: "dropout",
  settings: ["rate"],
  functions: FACTOR,
  forward: DROP,
  backward: DROP,
};
