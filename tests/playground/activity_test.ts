import assert from "node:assert/strict";
import { activityOfInput } from "../../playground/logic/activity.ts";
import { affine, integrator, network } from "../../src/network/builder.ts";
import type { Encoder } from "../../src/network/encoders.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";

/** A network that hands its inputs on. */
function reading(
  inputs: number,
  steps: number,
  encoder: Partial<Encoder> & Pick<Encoder, "kind">,
): NetworkSpec {
  return network({ steps, input: { shape: [inputs], encoder }, nodes: [affine(2), integrator()] });
}

Deno.test("activityOfInput() of a sequence counts the numbers of each step that are not 0", () => {
  const features = Float32Array.of(...[0, 1, 0], ...[2, -1, 0], ...[0, 0, 0], ...[0, 0, 3]);
  const spec = reading(3, 6, { kind: "direct" });
  assert.equal(activityOfInput(spec, { features, bytes: "numbers", steps: 4 }), 4 / 3);
  const bytes = Uint8Array.from(features.map(Math.abs));
  assert.equal(activityOfInput(spec, { features: bytes, bytes: "numbers", steps: 4 }), 4 / 3);
});

Deno.test("activityOfInput() counts what standardising and an offset make of a sequence", () => {
  const mean = reading(2, 3, { kind: "direct", mean: [1, 0] });
  const features = Float32Array.of(...[1, 0], ...[0, 0], ...[1, 4]);
  assert.equal(activityOfInput(mean, { features, bytes: "numbers", steps: 3 }), 2 / 2);
  const offset = reading(2, 3, { kind: "direct", offset: -1 }),
    pixels = Uint8Array.of(255, 0, 255, 255, 0, 255);
  assert.equal(activityOfInput(offset, { features: pixels, bytes: "pixels", steps: 3 }), 2 / 2);
});

Deno.test("activityOfInput() counts the spikes of delta modulation, as its kernel rounds them", () => {
  const features = Float32Array.of(...[0, 0.5], ...[0.1, 0.3], ...[0.2, 0.3], ...[0.15, 0.1]);
  const spikes = (channels: "on" | "sign" | "both", inputs: number) =>
    inputs * activityOfInput(reading(inputs, 5, { kind: "delta", threshold: 0.1, channels }), {
      features,
      bytes: "numbers",
      steps: 4,
    });
  // Rises at steps 1 and 2 of the first channel, falls at 1 and 3 of the second.
  assert.equal(spikes("on", 2), 2);
  assert.equal(spikes("sign", 2), 4);
  assert.equal(spikes("both", 4), 4);
});
