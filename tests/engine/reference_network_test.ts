import assert from "node:assert/strict";
import { drawKey } from "../../src/random.ts";
import { structureOf } from "../../src/network/structure.ts";
import { assertClose } from "../asm/numbers.ts";
import { PYTORCH_CASES, readPytorchCase } from "./pytorch_cases.ts";
import { encodeSample, gradientOf, runForward, widen } from "./reference_network.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";

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
      structureOf(spec).populations.forEach(({ units }, l) => {
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

Deno.test("the reference network's loss jumps where a gate flips, unless the penalty is 0", () => {
  // One unit, two steps, T = 2, θ = 1: the current brings u' just below or above θ at the first step.
  const jump = (penalty: number) => {
    const losses = [1 - 1e-9, 1 + 1e-9].map((current) => {
      const spec = parseNetworkSpec({
        inputs: 1,
        steps: 2,
        encoder: { kind: "direct", offset: 0 },
        layers: [{ units: 2, delay: 0, neuron: { kind: "graded", decay: 0.5, threshold: 1, penalty } }],
        readout: { from: "state", reduce: "mean", begin: 0 },
        loss: { kind: "crossEntropy" },
      });
      const parameters = new Map([["fc1.weight", Float64Array.of(1, 0)], ["fc1.bias", new Float64Array(2)]]);
      return runForward(spec, parameters, [Float64Array.of(current), Float64Array.of(0)], 0).loss;
    });
    return losses[1]! - losses[0]!;
  };
  assert.ok(Math.abs(jump(0)) < 1e-8);
  assert.ok(jump(2.5) > 0.1, "the state that is read falls by the penalty");
});
