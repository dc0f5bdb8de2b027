import assert from "node:assert/strict";
import { decode } from "fast-png";
import { DOMParser } from "linkedom";
import type { Samples } from "../../src/data/samples.ts";
import { convNetwork } from "../../src/network/conv_presets.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { drawMaps, stepsShown } from "../../src/report/feature_maps.ts";
import { sampleFigure, sampleImage, shadedImage } from "../../src/report/images.ts";
import { kernelsSection } from "../../src/report/kernels.ts";
import { mapRatesFigure, ratesOfMaps } from "../../src/report/map_rates.ts";
import { activityOfMaps } from "../../src/report/recordings.ts";

/** The pixels of a picture in a `data:` URL. */
function pixelsOf(url: string | null | undefined) {
  const prefix = "data:image/png;base64,";
  assert.ok(url && url.startsWith(prefix));
  return decode(Uint8Array.from(atob(url.slice(prefix.length)), (c) => c.charCodeAt(0)));
}

const documentOf = async (markup: unknown) =>
  new DOMParser().parseFromString(String(await markup), "text/html");

/** Two steps of three maps of 2 × 2 units. */
const SPIKES = Uint8Array.of(...[1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], ...[
  1,
  1,
  0,
  0,
  0,
  0,
  0,
  0,
  1,
  1,
  1,
  0,
]);
const MAPS = { spikes: SPIKES, steps: 2, shape: [3, 2, 2], name: "layer 1", mostUnits: 1000 } as const;

Deno.test("drawMaps() has a pixel a unit, a picture a step, and the sum of all", async () => {
  const document = await documentOf(drawMaps(MAPS));
  const images = [...document.querySelectorAll("img")];
  assert.deepEqual([...document.querySelectorAll("li span")].map(({ textContent }) => textContent), [
    "step 0",
    "step 1",
    "all steps",
  ]);
  assert.equal(images[1]?.getAttribute("alt"), "Maps of layer 1, step 1: 5 of 12 units fire");
  const [first, , sum] = images.map((image) => pixelsOf(image.getAttribute("src")));
  // One beside the other, with a gap: 0 is the gap, 1 no spike.
  assert.deepEqual([first!.width, first!.height], [8, 2]);
  const [quiet, half, full] = [1, 1 + 8, 1 + 15];
  assert.deepEqual([...first!.data], [
    ...[full, quiet, 0, quiet, quiet, 0, full, full],
    ...[quiet, quiet, 0, quiet, quiet, 0, full, full],
  ]);
  assert.deepEqual([...sum!.data], [
    ...[full, half, 0, quiet, quiet, 0, full, full],
    ...[quiet, quiet, 0, quiet, quiet, 0, full, half],
  ]);
  assert.equal(document.querySelectorAll("svg").length, 0);
  assert.equal(drawMaps({ ...MAPS, shape: [12] }), undefined);
});

Deno.test("drawMaps() shows the busiest maps where there are too many, and some of many steps with a raster", async () => {
  const few = await documentOf(drawMaps({ ...MAPS, mostUnits: 9 }));
  assert.match(few.querySelector("figcaption")?.textContent ?? "", /the 2 busiest of 3 maps of 2 × 2 units/);
  assert.deepEqual([...pixelsOf(few.querySelector("img")?.getAttribute("src")).data].slice(0, 5), [
    16,
    1,
    0,
    16,
    16,
  ]);
  const steps = 40, spikes = new Uint8Array(12 * steps).map((_, i) => i % 12 < 4 && i >= 12 * 20 ? 1 : 0);
  const many = await documentOf(drawMaps({ ...MAPS, spikes, steps }));
  assert.equal(many.querySelectorAll("li").length, 6);
  assert.deepEqual(stepsShown(steps), [0, 10, 20, 29, 39]);
  const raster = pixelsOf(many.querySelector("svg image")?.getAttribute("xlink:href"));
  assert.deepEqual([raster.width, raster.height], [40, 3]);
  // Map 0 is the lowest row, and all its units fire from step 20 on.
  assert.deepEqual(
    [...raster.data.subarray(80)],
    Array.from({ length: 40 }, (_, step) => step < 20 ? 1 : 16),
  );
  assert.ok(raster.data.subarray(0, 80).every((shade) => shade === 1));
});

Deno.test("shadedImage() is transparent in gaps, grey at 0 and blue above", () => {
  const { data, palette } = pixelsOf(
    shadedImage({ rows: 1, columns: 4, values: Float32Array.of(NaN, 0, 0.01, 1) }),
  );
  const colours = [...data].map((shade) => palette?.[shade]);
  assert.equal(colours[0]?.[3], 0);
  assert.deepEqual(colours[1], [128, 128, 128, 38]);
  assert.deepEqual(colours.slice(2).map((colour) => colour?.slice(0, 3)), [[0, 114, 178], [0, 114, 178]]);
  assert.ok(colours[2]![3]! < colours[3]![3]!);
});

Deno.test("ratesOfMaps() are means over a map's units, and silent maps are named", async () => {
  const rates = Float64Array.of(0.5, 0, 0, 0.1, 0, 0, 0, 0, 1, 1, 1, 1),
    sizes = { maps: 3, rows: 2, columns: 2 };
  assert.deepEqual(ratesOfMaps(rates, sizes), [
    { map: 0, mean: 0.15, highest: 0.5, silent: 2 },
    { map: 1, mean: 0, highest: 0, silent: 4 },
    { map: 2, mean: 1, highest: 1, silent: 0 },
  ]);
  const document = await documentOf(mapRatesFigure(rates, sizes, "layer 1", "step"));
  assert.match(
    document.querySelector("figcaption")?.textContent ?? "",
    /map 2 fires the most, 100\.00\s%, and map 1 the least, 0\.00\s%\. Silent: 1 of 3 maps \(1\)\./,
  );
  assert.deepEqual(
    [...document.querySelectorAll("tbody tr")].map((row) => row.querySelector("th")?.textContent),
    ["2", "0", "1"],
  );
  const activity = {
    layer: 0,
    units: 12,
    rates,
    ratesByClass: Float64Array.of(...rates, ...rates.map((r) => r / 2)),
  };
  const maps = activityOfMaps(activity, [3, 2, 2]);
  assert.deepEqual([maps.units, [...maps.rates]], [3, [0.15, 0, 1]]);
  assert.deepEqual([...maps.ratesByClass], [0.15, 0, 1, 0.075, 0, 0.5]);
  assert.equal(activityOfMaps(activity, [12]), activity);
});

const PICTURES: Samples<Uint8Array> = {
  name: "pictures",
  count: 1,
  size: 12,
  picture: { rows: 2, columns: 2, channels: 3 },
  features: Uint8Array.of(...[255, 0, 0, 9], ...[0, 255, 0, 9], ...[0, 0, 255, 9]),
  labels: Uint8Array.of(0),
};

Deno.test("sampleImage() shows planes of red, green and blue as a picture in colours, which the dark page does not invert", () => {
  const { channels, data } = pixelsOf(sampleImage(PICTURES, 0));
  assert.equal(channels, 3);
  assert.deepEqual([...data], [...[255, 0, 0], ...[0, 255, 0], ...[0, 0, 255], ...[9, 9, 9]]);
  const floats = { ...PICTURES, features: Float32Array.from(PICTURES.features, (pixel) => pixel / 100 - 1) };
  assert.deepEqual([...pixelsOf(sampleImage(floats, 0)).data], [...data]);
  assert.match(String(sampleFigure(PICTURES, 0, "x")), /class="sample colours".*width="84" height="84"/s);
  // Two channels are no colours: one below the other.
  const two = {
    ...PICTURES,
    size: 8,
    picture: { rows: 2, columns: 2, channels: 2 },
    features: PICTURES.features.slice(0, 8),
  };
  assert.deepEqual([pixelsOf(sampleImage(two, 0)).width, pixelsOf(sampleImage(two, 0)).height], [2, 4]);
});

Deno.test("kernelsSection() has a picture for each channel of each kernel, with the activity of its map", async () => {
  const spec = convNetwork({ shape: [3, 28, 28] }), units = 12 * 12 * 12;
  const rates = Float64Array.from({ length: units }, (_, unit) => unit < 144 ? 0 : 0.25);
  const ratesByClass = new Float64Array(10 * units);
  ratesByClass.fill(0.5, 7 * units + 144, 8 * units);
  const section = kernelsSection(spec, initialParameters(spec, 1), PICTURES, [{
    layer: 0,
    units,
    rates,
    ratesByClass,
  }]);
  const document = await documentOf(section);
  assert.equal(document.querySelectorAll("li").length, 12);
  assert.equal(document.querySelectorAll("li img").length, 36);
  // The busiest first; of equals the one of the lower number. The silent one is folded.
  assert.equal(document.querySelector("li img")?.getAttribute("alt"), "Kernel 1, channel 0");
  assert.match(document.querySelector("details")?.textContent ?? "", /^1 kernel that never fired.*0 silent$/);
  const captions = [...document.querySelectorAll("li span")].map(({ textContent }) => textContent);
  assert.match(captions[0] ?? "", /^1 → 7 25\.0\s%$/);
  assert.match(captions[11] ?? "", /^0 silent$/);
  assert.match(
    document.querySelector("p:not(.legend)")?.textContent ?? "",
    /All 12 kernels, the busiest first; .* Each, of conv2d1, has 5 × 5 .* red, green and blue/,
  );
});
