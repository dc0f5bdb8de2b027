/**
 * Delta modulation of a sequence s: a spike where a channel has changed by θ or more since the step before.
 *
 *     on_t  = [s_t − s_{t−1} + ε_t ≥ θ];   off_t = [s_{t−1} − s_t + ε_t ≥ θ];   nothing at the first step
 *     ε_t   = min(θ/2, 2⁻²¹·max(|s_t|, |s_{t−1}|))
 *
 * Rounding can move a change of exactly θ below θ: both numbers, their difference and θ are rounded, by at most 8·2⁻²⁴ of the
 * larger number in all. ε equals this bound, four units in the last place of the numbers. It is at most half of θ, so a constant
 * channel never spikes. Pixels k/255 are distinguished exactly, because they are far apart.
 *
 * `on`: x_t = on_t. `sign`: x_t = on_t − off_t. `both`: x_t = (on_t, off_t), twice as many inputs as channels. Event cameras
 * send such events: Lichtsteiner, Posch & Delbrück, A 128×128 120 dB 15 µs latency asynchronous temporal contrast vision
 * sensor (2008); as an encoder, Petro, Kasabov & Kiss, Selection and optimization of temporal spike encoding methods (2020).
 */

/** Names of `channels` in src/network/encoders.ts, by their index there. */
const SIGN = 1, BOTH = 2;

/** 2⁻²¹. */
const SLACK: f32 = 4.76837158203125e-7;

/**
 * Finds a sample's spikes.
 *
 * @param sequence f32 `[⌈steps / 4⌉ · 4][⌈channels / 4⌉ · 4]`, s; rows past the last step are readable.
 * @param threshold θ, above 0.
 * @param kind 0 `on`, 1 `sign`, 2 `both`.
 * @param out f32 X (see noise.ts); its first `channels` inputs are written, or twice as many for `both`.
 * @param inputs Of X, a multiple of 4.
 */
export function encodeDelta(
  sequence: usize,
  channels: i32,
  threshold: f32,
  kind: i32,
  out: usize,
  steps: i32,
  inputs: i32,
): void {
  const theta = f32x4.splat(threshold), spike = f32x4.splat(1);
  const half = f32x4.splat(0.5 * threshold), share = f32x4.splat(SLACK);
  const row = (<usize> channels + 3 & ~3) << 2;
  const toOff = <usize> channels << 4;
  for (let step = 0; step < steps; step += 4) {
    const first = sequence + <usize> step * row;
    const last = step == 0 ? first : first - row;
    for (let channel = 0; channel < channels; channel++) {
      const at = <usize> channel << 2, to = out + (<usize> channel << 4);
      let s = v128.load32_zero(first + at);
      s = v128.load32_lane(first + row + at, s, 1);
      s = v128.load32_lane(first + row * 2 + at, s, 2);
      s = v128.load32_lane(first + row * 3 + at, s, 3);
      const before = v128.shuffle<f32>(v128.load32_splat(last + at), s, 0, 4, 5, 6);
      const slack = f32x4.min(half, f32x4.mul(share, f32x4.max(f32x4.abs(s), f32x4.abs(before))));
      const on = v128.and(f32x4.ge(f32x4.add(f32x4.sub(s, before), slack), theta), spike);
      if (kind == 0) {
        v128.store(to, on);
        continue;
      }
      const off = v128.and(f32x4.ge(f32x4.add(f32x4.sub(before, s), slack), theta), spike);
      if (kind == SIGN) v128.store(to, f32x4.sub(on, off));
      if (kind == BOTH) v128.store(to, on), v128.store(to + toOff, off);
    }
    out += <usize> inputs << 4;
  }
}
