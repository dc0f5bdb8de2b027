import assert from "node:assert/strict";
import { framePixels, rasterPixels } from "../../playground/logic/recording_picture.ts";

const INKS = { first: [0, 100, 200], second: [250, 50, 0] } as const;

/** Each pixel as a text. */
const pixelsOf = ({ data }: { readonly data: Uint8ClampedArray }) =>
  Array.from({ length: data.length / 4 }, (_, at) => data.subarray(4 * at, 4 * at + 4).join(" "));

Deno.test("framePixels() shows the frame of a step: on and off in two inks, their brightness by the number", () => {
  // [steps][channels][rows][columns]
  const features = Float32Array.of(...[2, 0, 0, 0], ...[0, 0, 1, 0], ...[0, 0, 0, 0], ...[0, 0, 1, 2]);
  const recording = { features, bytes: "numbers", steps: 2 } as const;
  const size = { channels: 2, rows: 1, columns: 4 };
  assert.deepEqual(pixelsOf(framePixels(recording, size, INKS, 0)), [
    ...["0 100 200 255", "0 0 0 255", "125 25 0 255", "0 0 0 255"],
  ]);
  assert.deepEqual(pixelsOf(framePixels(recording, size, INKS, 1)), [
    ...["0 0 0 255", "0 0 0 255", "125 25 0 255", "250 50 0 255"],
  ]);
  // All steps in one: the first is darker, and on and off do not mix.
  assert.deepEqual(pixelsOf(framePixels(recording, size, INKS)), [
    ...["0 60 120 255", "0 0 0 255", "125 25 0 255", "250 50 0 255"],
  ]);
});

Deno.test("framePixels() shows one channel in white, three in their colours, of four the largest", () => {
  const frame = (channels: number, ...features: number[]) =>
    pixelsOf(
      framePixels(
        { features: Uint8Array.from(features), bytes: "pixels", steps: 1 },
        { channels, rows: 1, columns: 1 },
        INKS,
        0,
      ),
    );
  assert.deepEqual(frame(1, 51), ["51 51 51 255"]);
  assert.deepEqual(frame(3, 10, 20, 30), ["10 20 30 255"]);
  assert.deepEqual(frame(4, 1, 51, 3, 4), ["51 51 51 255"]);
});

Deno.test("rasterPixels() shows channels upwards and time to the right, below 0 in another ink", () => {
  const spikes = {
    features: Uint8Array.of(...[1, 0], ...[0, 0], ...[1, 1]),
    bytes: "numbers",
    steps: 3,
  } as const;
  const { rows, columns, ...raster } = rasterPixels(spikes, INKS);
  assert.deepEqual([rows, columns], [2, 3]);
  const opaque = (pixels: readonly string[]) => pixels.map((pixel) => Number(pixel.split(" ")[3]) / 255);
  assert.deepEqual(opaque(pixelsOf(raster)), [0, 0, 1, 1, 0, 1]);
  const signed = { features: Float32Array.of(-2, 1), bytes: "numbers", steps: 1 } as const;
  assert.deepEqual(pixelsOf(rasterPixels(signed, INKS)), ["250 50 0 128", "0 100 200 255"]);
});

Deno.test("rasterPixels() of many channels loses no spike", () => {
  const features = new Uint8Array(700 * 3);
  features[2 * 700 + 699] = 1;
  const { rows, data } = rasterPixels({ features, bytes: "numbers", steps: 3 }, INKS);
  assert.ok(rows <= 256);
  assert.equal(data.filter((value, at) => at % 4 === 3 && value > 0).length, 1);
  assert.equal(data[4 * 2 + 3], 255, "the last channel is at the top");
});
