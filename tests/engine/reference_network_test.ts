import assert from "node:assert/strict";
import fc from "fast-check";
import { drawKey } from "../../src/random.ts";
import { assertClose } from "../asm/numbers.ts";
import { networkCases } from "./network_cases.ts";
import { PYTORCH_CASES, readPytorchCase } from "./pytorch_cases.ts";
import {
  encodeSample,
  gradientOf,
  type ReferenceParameters,
  runForward,
  widen,
} from "./reference_network.ts";

const KEY = drawKey(0, 1, 0, 0);

for (const name of PYTORCH_CASES) {
  Deno.test(`the reference network agrees with PyTorch on states, loss and gradient of ${name}`, () => {
    const { spec, samples, parameters, gradient, floats } = readPytorchCase(name);
    const wide = widen(parameters);
    const total = new Map([...wide].map(([key, { length }]) => [key, new Float64Array(length)]));
    let loss = 0;
    for (let sample = 0; sample < samples.count; sample++) {
      const x = encodeSample(spec, samples, sample, KEY), label = samples.labels[sample]!;
      const forward = runForward(spec, wide, x, label);
      assert.ok(forward.margin > 1e-5, "no gate is decided by rounding");
      loss += forward.loss / samples.count;
      spec.layers.forEach(({ units }, l) => {
        for (const [key, states] of [["u", forward.potentials], ["o", forward.outputs]] as const) {
          const all = floats(`${key}${l + 1}`);
          for (let t = 0; t < x.length; t++) {
            const row = (t * samples.count + sample) * units;
            assertClose(states[l]![t]!, all.subarray(row, row + units), `${key}${l + 1} at step ${t}`, {
              relative: 1e-4,
            });
          }
        }
      });
      for (const [key, tensor] of gradientOf(wide, forward)) {
        tensor.forEach((value, i) => total.get(key)![i]! += value / samples.count);
      }
    }
    assertClose([loss], floats("loss"), "loss");
    for (const [key, expected] of gradient) {
      assertClose(total.get(key)!, expected, `gradient of ${key}`, { relative: 1e-4 });
    }
  });
}

/** The loss is not differentiable at a threshold: a case counts only at this distance from it. */
const MARGIN = 1e-3;
const EPSILON = 1e-5;

/**
 * The loss's derivative with respect to one parameter, from two forward passes.
 *
 * At a spike u = u' − (p + u' − θ) = θ − p is a constant and o = u' − θ; without one, u = u' and o = 0. Both are linear in
 * u', so between two flips of gates the loss is smooth and the dense gradient is its derivative, also with a penalty. "No
 * gradient through g" leaves out only the jump of u by −p where a gate flips, on a set of measure 0.
 */
function centralDifference(
  loss: (parameters: ReferenceParameters) => { loss: number; gates: string },
  parameters: ReferenceParameters,
  name: string,
  i: number,
): { derivative: number; gates: readonly string[] } {
  const at = (offset: number) => {
    const moved = parameters.get(name)!.slice();
    moved[i]! += offset;
    return loss(new Map([...parameters, [name, moved]]));
  };
  const above = at(EPSILON), below = at(-EPSILON);
  return { derivative: (above.loss - below.loss) / (2 * EPSILON), gates: [above.gates, below.gates] };
}

Deno.test("the reference network's gradient is the finite difference of its loss, away from flips of gates", () => {
  let checked = 0, fired = 0;
  fc.assert(
    fc.property(networkCases({ samples: 1, unequal: true }), ({ spec, samples, parameters }) => {
      const wide = widen(parameters);
      const x = encodeSample(spec, samples, 0, KEY), label = samples.labels[0]!;
      const forward = runForward(spec, wide, x, label);
      fc.pre(forward.margin > MARGIN);
      const gradient = gradientOf(wide, forward);
      for (const [name, tensor] of gradient) {
        for (let i = 0; i < tensor.length; i += Math.ceil(tensor.length / 6)) {
          const { derivative, gates } = centralDifference(
            (moved) => runForward(spec, moved, x, label, forward),
            wide,
            name,
            i,
          );
          assert.deepEqual(gates, [forward.gates, forward.gates], "no gate has flipped");
          assertClose([tensor[i]!], [derivative], `${name}[${i}]`, { relative: 1e-5, absolute: 1e-8 });
          checked++;
        }
      }
      if (forward.spikes > 0) fired++;
    }),
    { seed: 1, numRuns: 150 },
  );
  assert.ok(checked > 1000 && fired > 50, `${checked} derivatives, ${fired} networks that fired`);
});

Deno.test("the reference network's loss jumps where a gate flips, unless the penalty is 0", () => {
  // One unit, two steps, T = 2, θ = 1: the current brings u' just below or above θ at the first step.
  const jump = (penalty: number) => {
    const losses = [1 - 1e-9, 1 + 1e-9].map((current) => {
      const spec = {
        inputs: 1,
        steps: 2,
        encoder: { kind: "direct", offset: 0 },
        layers: [{ units: 2, delay: 0, neuron: { kind: "graded", decay: 0.5, threshold: 1, penalty } }],
        readout: { from: "state", reduce: "mean", begin: 0 },
        loss: { kind: "crossEntropy" },
      } as const;
      const parameters = new Map([["w1", Float64Array.of(1, 0)], ["b1", new Float64Array(2)]]);
      return runForward(spec, parameters, [Float64Array.of(current), Float64Array.of(0)], 0).loss;
    });
    return losses[1]! - losses[0]!;
  };
  assert.ok(Math.abs(jump(0)) < 1e-8);
  assert.ok(jump(2.5) > 0.1, "the state that is read falls by the penalty");
});
