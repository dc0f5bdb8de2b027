/** Surrogate derivatives in WGSL; surrogate.ts has the equations and their sources. */

/** `surrogate(kind, slope, v)`: σ(v). Kinds are numbered in the order of surrogate.ts. */
export const SURROGATE = `
fn surrogate(kind : i32, slope : f32, v : f32) -> f32 {
  let distance = slope * abs(v);
  switch kind {
    case 0: {
      let x = 1.5707963267948966 * slope * v;
      return 0.5 * slope / (1.0 + x * x);
    }
    case 1: {
      let root = 1.0 + distance;
      return 1.0 / (root * root);
    }
    case 2: { return slope * max(0.0, 1.0 - distance); }
    default: { return select(0.0, slope, distance < 0.5); }
  }
}
`;
