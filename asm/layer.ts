/**
 * A layer's descriptor: the addresses of its arrays, which the host writes and the kernels of neurons read.
 *
 * Arrays of steps are f32 `[steps][units]`; `units` is a multiple of 4. Padding has currents of 0 and never spikes. Constants are
 * f32 `[units]`, a value a unit, whether they are learned or not, and whether they differ or not.
 *
 * A kernel of neurons computes all units at the steps `from` ≤ t < `to`: `step<Kind>` in ascending order, `stepBack<Kind>` in
 * descending order. A layer's steps may be split over several calls; `state` carries values from one call to the next, and the
 * kernel clears it at its first step.
 */

/** Fields of 4 bytes each, in the order of `LAYER_FIELDS` in src/engine/wasm/layer_descriptor.ts. */
@unmanaged
export class Layer {
  units: i32;
  steps: i32;
  /** I_t, `currentStride` bytes from step to step (0: the same at every step). */
  currents: usize;
  currentStride: i32;
  /** V·o_{t-1} of the step to compute, `[units]`; 0 where the layer is not recurrent. */
  feedback: usize;
  /** Four numbers a unit. */
  state: usize;
  decays: usize;
  thresholds: usize;
  scales: usize;
  /** u_{-1}, the potentials before the first step. */
  starts: usize;
  /** Addresses of the neuron's other constants, in the order of src/network/neurons.ts. */
  constants: usize;
  /** What no population has unit by unit, f32 `[…]`, likewise. */
  settings: usize;
  /**
   * u_t after the reset, o_t before the layer's delay, and u'_t − θ_t: written in the forward pass, read in the backward pass.
   * Neurons with a surrogate keep no potentials or outputs where nothing reads them: 0.
   */
  potentials: usize;
  outputs: usize;
  distances: usize;
  /** δo_t, `outputGradientStride` bytes from step to step: 0 where one row holds for all of them, times the step's `shares`. */
  outputGradients: usize;
  outputGradientStride: i32;
  /** f32 `[steps]`; 0: 1 at every step. */
  shares: usize;
  /** The readout's gradient with respect to u_t; 0 where it reads no potentials of this layer. */
  stateGradients: usize;
  /** δI_t, written, `currentGradientStride` bytes from step to step: 0 where Σ_t δI_t is wanted alone. */
  currentGradients: usize;
  currentGradientStride: i32;
  /** Gradients of learned constants, `[units]`, added to; 0 where a constant is not learned. */
  decayGradients: usize;
  thresholdGradients: usize;
  scaleGradients: usize;
  startGradients: usize;
}

/** Number of a descriptor's fields. */
export function layerFields(): i32 {
  return <i32> (offsetof<Layer>() >> 2);
}

/** One of `constants`, the same for all units. */
@unmanaged
export class Shared {
  /** Its first value, four times: what a loop keeps in registers. */
  first(): v128 {
    return v128.load32_splat(changetype<usize>(this));
  }

  /** Its values of four units. @param first As {@linkcode first} gives it. */
  at(_column: usize, first: v128): v128 {
    return first;
  }

  /** It is 0 for all units. */
  isZero(): bool {
    return load<f32>(changetype<usize>(this)) == 0;
  }
}

/** One of `constants` in which units may differ. */
@unmanaged
export class PerUnit {
  first(): v128 {
    return v128.load32_splat(changetype<usize>(this));
  }

  at(column: usize, _first: v128): v128 {
    return v128.load(changetype<usize>(this) + column);
  }

  /** It may differ. */
  isZero(): bool {
    return false;
  }
}

/** One of the neuron's constants: {@linkcode Shared} or {@linkcode PerUnit}. */
export function constant<Constant>(layer: Layer, index: i32): Constant {
  return changetype<Constant>(load<usize>(layer.constants + (<usize> index << 2)));
}

/** One of the neuron's settings. */
export function setting(layer: Layer, index: i32): f32 {
  return load<f32>(layer.settings + (<usize> index << 2));
}

/** Bytes of a row. */
export function rowBytes(layer: Layer): usize {
  return <usize> layer.units << 2;
}

/** Address of a step's currents. */
export function currentsOf(layer: Layer, step: i32): usize {
  return layer.currents + <usize> (step * layer.currentStride);
}

/** I_t of four units of a step, including the recurrent currents. */
export function currentAt(currents: usize, feedback: usize, column: usize): v128 {
  const current = v128.load(currents + column);
  return feedback == 0 ? current : f32x4.add(current, v128.load(feedback + column));
}

/** What δo of a step is multiplied by. */
export function shareOf(layer: Layer, step: i32): v128 {
  return layer.shares == 0 ? f32x4.splat(1) : v128.load32_splat(layer.shares + (<usize> step << 2));
}

/** Address of a step's δo. */
export function outputGradientsOf(layer: Layer, step: i32): usize {
  return layer.outputGradients + <usize> (step * layer.outputGradientStride);
}

/** Address of a step's δI; where they are summed, of the sum, which is cleared at the last step. */
export function currentGradientsOf(layer: Layer, step: i32): usize {
  const stride = layer.currentGradientStride;
  if (stride == 0 && step == layer.steps - 1) memory.fill(layer.currentGradients, 0, rowBytes(layer));
  return layer.currentGradients + <usize> (step * stride);
}

/** Stores δI of four units, or adds it where steps are summed. */
export function putCurrentGradient(at: usize, current: v128, isSummed: bool): void {
  v128.store(at, isSummed ? f32x4.add(v128.load(at), current) : current);
}

/** Loads four values of an optional array; a missing one counts as zeros. */
export function loadOrZero(array: usize, at: usize): v128 {
  return array == 0 ? f32x4.splat(0) : v128.load(array + at);
}

/** Adds four units' part to the gradient of a learned constant. */
export function addTo(gradients: usize, column: usize, part: v128): void {
  v128.store(gradients + column, f32x4.add(v128.load(gradients + column), part));
}

/** u_{t-1} of four units; u_{-1} at the first step. */
export function potentialBefore(layer: Layer, step: i32, at: usize): v128 {
  return v128.load(step == 0 ? layer.starts + at : layer.potentials + at - rowBytes(layer));
}

/** Clears a layer's state at its first step, `numbers` of a unit, of which the potential is the first: that one begins at u_{-1}. */
export function beginState(layer: Layer, numbers: i32): void {
  const row = rowBytes(layer), state = layer.state;
  memory.copy(state, layer.starts, row);
  memory.fill(state + row, 0, (numbers - 1) * row);
}

/**
 * Adds d·δ to the gradient of u_{-1}, where it is learned.
 *
 * @param back f32 `[units]`, δ(d·u_{-1} + …): what flows back into the sum at the first step.
 */
export function addStartGradient(layer: Layer, back: usize): void {
  const gradients = layer.startGradients, row = rowBytes(layer);
  if (gradients == 0) return;
  for (let column: usize = 0; column < row; column += 16) {
    addTo(gradients, column, f32x4.mul(v128.load(layer.decays + column), v128.load(back + column)));
  }
}
