import assert from "node:assert/strict";
import { decode } from "fast-png";
import fc from "fast-check";
import type { Samples } from "../../src/data/samples.ts";
import { type EncoderDescription, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { sampleFigure, sampleImage, signedImage } from "../../src/report/images.ts";
import { layOut, layoutOfSamples, layoutOfWeights } from "../../src/report/layout.ts";
import { drawnLayers, gradientCurves, gradientFigure } from "../../src/report/gradients.ts";
import { epochMeans, pointsOf, smoothed, validationOf } from "../../src/report/learning.ts";
import { ranges } from "../../src/text/figures.ts";
import { html, table } from "../../src/report/markup.ts";
import { thinned } from "../../src/report/plot_parts.ts";
import { boundedGrid, gridOf } from "../../src/report/raster_grid.ts";
import { rateFigures } from "../../src/report/rates.ts";
import { decisionOf } from "../../src/report/decision.ts";
import { tellingUnits } from "../../src/report/samples.ts";
import { traceSample } from "../../src/report/recordings.ts";
import { classesOf } from "../../src/network/spec.ts";
import { startEngine } from "../engine/batches.ts";
import { networkCases } from "../engine/network_cases.ts";

/** The pixels of a picture in a `data:` URL. */
function pixelsOf(url: string) {
  const prefix = "data:image/png;base64,";
  assert.ok(url.startsWith(prefix));
  return decode(Uint8Array.from(atob(url.slice(prefix.length)), (c) => c.charCodeAt(0)));
}

Deno.test("sampleImage() shows a sample as ink on paper", () => {
  const samples = {
    name: "s",
    count: 2,
    size: 4,
    features: Uint8Array.of(9, 9, 9, 9, 0, 255, 100, 1),
    labels: Uint8Array.of(0, 0),
  };
  const { width, height, data } = pixelsOf(sampleImage(samples, 1));
  assert.deepEqual([width, height, [...data]], [2, 2, [255, 0, 155, 254]]);
  const floats = { ...samples, size: 3, count: 1, features: Float32Array.of(-2, 0, 2) };
  assert.deepEqual([...pixelsOf(sampleImage(floats, 0)).data], [255, 127, 0]);
  // The largest count is black. Values after a sequence's end are paper.
  const counts = { ...samples, steps: 2, features: Uint8Array.of(0, 2, 1, 0, 1, 0, 200, 200) };
  assert.deepEqual([...pixelsOf(sampleImage(counts, 0)).data], [0, 255, 255, 127]);
  const cut = { ...counts, lengths: Uint16Array.of(2, 1) };
  assert.deepEqual([...pixelsOf(sampleImage(cut, 1)).data], [255, 255, 0, 255]);
  const nothing = { ...cut, features: Float32Array.of(0, 0, 0, 0, -1, 0, NaN, Infinity) };
  assert.deepEqual([...pixelsOf(sampleImage(nothing, 1)).data], [0, 255, 255, 255]);
  const flat = { ...floats, features: Float32Array.of(1, 1, 1) };
  assert.deepEqual([...pixelsOf(sampleImage(flat, 0)).data], [255, 255, 255]);
});

Deno.test("signedImage() gives 0 the paper's colour, and each sign its own, up to the scale", () => {
  const { width, height, data, palette } = pixelsOf(
    signedImage({ rows: 2, columns: 3, values: Float32Array.of(-9, -1, 0, 0.5, 1, 7) }, 1),
  );
  assert.deepEqual([width, height], [3, 2]);
  assert.ok(palette);
  const [far, negative, zero, half, positive, beyond] = [...data].map((index) => palette[index]!);
  assert.deepEqual(far, negative);
  assert.deepEqual(positive, beyond);
  assert.equal(zero?.[3], 0);
  assert.ok(half![3]! > 100 && half![3]! < 154 && positive![3]! > 250);
  assert.notDeepEqual(negative?.slice(0, 3), positive?.slice(0, 3));
  assert.deepEqual(
    [...pixelsOf(signedImage({ rows: 2, columns: 2, values: new Float32Array(4) }, 0)).data].map((i) =>
      palette[i]![3]
    ),
    [
      0,
      0,
      0,
      0,
    ],
  );
});

Deno.test("sampleImage() draws a sequence as channels upwards by steps to the right, and a picture by rows", () => {
  const of = { name: "s", count: 1, size: 6, labels: Uint8Array.of(0) };
  // Three steps of two channels: the first one falls, the second one rises.
  const sequence = { ...of, steps: 3, features: Float32Array.of(2, 0, 1, 1, 0, 2) };
  const raster = pixelsOf(sampleImage(sequence, 0));
  assert.deepEqual([raster.width, raster.height], [3, 2]);
  assert.deepEqual([...raster.data], [255, 127, 0, 0, 127, 255]);
  const wide = {
    ...of,
    picture: { rows: 2, columns: 3 },
    features: Uint8Array.of(0, 51, 102, 153, 204, 255),
  };
  const picture = pixelsOf(sampleImage(wide, 0));
  assert.deepEqual([picture.width, picture.height], [3, 2]);
  assert.deepEqual([...picture.data], [255, 204, 153, 102, 51, 0]);
  assert.match(String(sampleFigure(wide, 0, "a picture")), /width="84" height="56" alt="a picture"/);
  assert.match(String(sampleFigure(sequence, 0, "a sequence")), /width="168" height="14"/);
});

Deno.test("layoutOfSamples() recognises pictures and sequences, squares by their size, and rows", () => {
  const layout = (size: number, form: Partial<Samples> = {}) => {
    const features = new Float32Array(size), labels = Uint8Array.of(0);
    const { of, rows, columns } = layoutOfSamples({ name: "s", count: 1, size, features, labels, ...form });
    return [of, rows, columns];
  };
  assert.deepEqual(layout(784), ["picture", 28, 28]);
  assert.deepEqual(layout(10), ["list", 1, 10]);
  assert.deepEqual(layout(1), ["list", 1, 1]);
  assert.deepEqual(layout(36, { steps: 9 }), ["sequence", 4, 9]);
  assert.deepEqual(layout(36, { picture: { rows: 3, columns: 12 } }), ["picture", 3, 12]);
});

Deno.test("layoutOfWeights() is the samples' layout, or the channels' if a network reads one step at a time", () => {
  const layers = [layer(3, lif()), layer(2, integrator())];
  const samples = { name: "s", count: 1, size: 36, features: new Float32Array(36), labels: Uint8Array.of(0) };
  const layout = (encoder: EncoderDescription, inputs: number, form: Partial<Samples> = {}) => {
    const { of, rows, columns } = layoutOfWeights(network({ inputs, steps: 9, encoder, layers }), {
      ...samples,
      ...form,
    });
    return [of, rows, columns];
  };
  assert.deepEqual(layout({ kind: "constant" }, 36), ["picture", 6, 6]);
  assert.deepEqual(layout({ kind: "constant" }, 36, { steps: 9 }), ["sequence", 4, 9]);
  assert.deepEqual(layout({ kind: "constant" }, 36, { picture: { rows: 4, columns: 9 } }), ["picture", 4, 9]);
  assert.deepEqual(layout({ kind: "direct" }, 4, { steps: 9 }), ["channels", 1, 4]);
  assert.deepEqual(layout({ kind: "delta", channels: "both" }, 8, { steps: 9 }), ["changes", 2, 4]);
});

Deno.test("layOut() averages neighbours in a cell if there are too many", () => {
  const cells = layOut(Float32Array.from({ length: 512 }, (_, i) => i), {
    of: "list",
    rows: 1,
    columns: 512,
  });
  assert.deepEqual([cells.rows, cells.columns], [1, 256]);
  assert.deepEqual([...cells.values], Array.from({ length: 256 }, (_, i) => 2 * i + 0.5));
  const long = layOut(Float32Array.of(...new Array(300).fill(1), ...new Array(300).fill(3)), {
    of: "sequence",
    rows: 1,
    columns: 600,
  });
  assert.deepEqual([long.columns, long.values.at(0), long.values.at(-1)], [200, 1, 3]);
});

Deno.test("gridOf() keeps every spike of a raster that fits, and a cell for every spike of a larger one", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 30 }),
    fc.infiniteStream(fc.boolean()),
    (steps, units, stream) => {
      const fired = Uint8Array.from({ length: steps * units }, () => stream.next().value ? 1 : 0);
      const spikes = fired.filter((spike) => spike === 1).length;
      const whole = boundedGrid(fired, steps, units, 900);
      assert.deepEqual([whole.rows, whole.columns, whole.occupied], [units, steps, spikes]);
      const few = boundedGrid(fired, steps, units, 9);
      assert.ok(few.occupied <= 9 && (few.occupied > 0) === (spikes > 0));
      const small = gridOf(fired, steps, units, 7, 5);
      assert.ok(small.rows <= 7 && small.columns <= 5);
      for (let t = 0; t < steps; t++) {
        for (let n = 0; n < units; n++) {
          if (fired[t * units + n] === 0) continue;
          const row = Math.floor(n / small.unitsPerRow), column = Math.floor(t / small.stepsPerColumn);
          assert.equal(small.cells[row * small.columns + column], 1);
        }
      }
    },
  ));
});

Deno.test("thinned() keeps the extremes, the order and the bound", () => {
  fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 300 }), (values) => {
    const points = values.map((value, at) => ({ value, at }));
    const kept = thinned(points, ({ value }) => value, 20);
    assert.ok(kept.length <= Math.max(20, Math.min(values.length, 20)));
    assert.equal(Math.max(...kept.map(({ value }) => value)), Math.max(...values));
    assert.equal(Math.min(...kept.map(({ value }) => value)), Math.min(...values));
    assert.ok(kept.every(({ at }, i) => i === 0 || at > kept[i - 1]!.at));
  }));
});

Deno.test("decisionOf() ends at the probabilities of the network's logits", async () => {
  await fc.assert(
    fc.asyncProperty(networkCases({ samples: 1 }), async ({ spec, parameters, samples }) => {
      using engine = await startEngine({ spec, threads: 0, recordStates: true });
      await engine.setParameters(parameters);
      const trace = await traceSample(engine, samples, 0);
      const decisions = decisionOf(spec, trace);
      if (spec.steps === 1) return assert.equal(decisions, undefined);
      const last = decisions?.subarray(-classesOf(spec));
      assert.ok(last);
      trace.logProbabilities.forEach((log, unit) => assert.ok(Math.abs(last[unit]! - Math.exp(log)) < 1e-4));
    }),
    { seed: 5, numRuns: 40 },
  );
});

Deno.test("tellingUnits() selects the busiest unit, a median one, and the silent one nearest to its threshold", () => {
  // Units 0 to 4 over three steps: 1, 3, 0, 2 and 0 spikes.
  const fired = Uint8Array.of(1, 1, 0, 1, 0, /**/ 0, 1, 0, 1, 0, /**/ 0, 1, 0, 0, 0);
  const potentials = new Float32Array(15).fill(-3);
  potentials[1 * 5 + 4] = 0.9;
  assert.deepEqual(tellingUnits(potentials, fired, 5, () => 1), [1, 3, 4]);
  assert.deepEqual(tellingUnits(potentials, new Uint8Array(15), 5, () => 1), [4]);
});

Deno.test("rateFigures() names silent and saturated units", () => {
  const { mean, median, highest, silent, saturated } = rateFigures(Float64Array.of(0, 0.95, 0.2, 0, 0.9));
  assert.ok(Math.abs(mean - 0.41) < 1e-12);
  assert.deepEqual([median, highest, silent, saturated], [0.2, 0.95, [0, 3], [1, 4]]);
  assert.equal(rateFigures(Float64Array.of(0.1, 0.4)).median, 0.25);
});

Deno.test("ranges() joins neighbours", () => {
  assert.equal(ranges([]), "");
  assert.equal(ranges([3]), "3");
  assert.equal(ranges([1, 2, 3, 7, 9, 10]), "1–3, 7, 9–10");
});

Deno.test("learning curves weight batches by their samples, and smoothing keeps a constant", () => {
  const batch = (epoch: number, samples: number, loss: number) => ({
    epoch,
    batch: 1,
    samples,
    loss,
    accuracy: 0.5,
    firingRate: 0,
  });
  const metrics = [batch(1, 30, 2), batch(1, 10, 6), batch(2, 40, 1)];
  assert.deepEqual(pointsOf(metrics).map(({ seen }) => seen), [30, 40, 80]);
  assert.deepEqual(epochMeans(metrics).map(({ epoch, seen, loss }) => [epoch, seen, loss]), [[1, 40, 3], [
    2,
    80,
    1,
  ]]);
  const held = (epoch: number, loss: number) => ({ epoch, validation: { loss, accuracy: 0.1 } });
  assert.deepEqual(
    validationOf(metrics, [held(1, 9), { epoch: 2, validation: null }, held(3, 7)]),
    [{ seen: 40, loss: 9, accuracy: 0.1 }],
  );
  assert.deepEqual(smoothed(pointsOf(metrics), 2).map(({ loss }) => loss), [2, 4, 3.5]);
  assert.deepEqual(smoothed(pointsOf(metrics), 2).map(({ accuracy }) => accuracy), [0.5, 0.5, 0.5]);
});

Deno.test("html escapes the values in a page", async () => {
  const hostile = `<script>alert("x")</script>'&`;
  const page = String(await table({ caption: hostile, head: ["a", hostile], rows: [[hostile, hostile]] }));
  assert.ok(!page.includes("<script"), page);
  assert.equal(page.match(/&lt;script&gt;alert\(&quot;x&quot;\)/g)?.length, 5);
  assert.equal(String(await html`<p title="${hostile}">`).includes(`"x"`), false);
});

Deno.test("gradientCurves() gives medians layer by layer, without norms that a logarithmic scale cannot show", async () => {
  const metrics = [[8, 1], [2, 1], [4, 0], [null, 1], [16, 1]].map((gradientNorms, i) => ({
    ...{ epoch: 1, batch: i + 1, samples: 10, loss: 1, accuracy: 0.5, firingRate: 0.1, gradientNorms },
  }));
  const [lowest, top] = gradientCurves(metrics, 3);
  assert.deepEqual(lowest!.points.map(({ norm }) => norm), [8, 8, 4, 4, 16]); // the upper one of two, and null left out
  assert.deepEqual(lowest!.points.map(({ seen }) => seen), [10, 20, 30, 40, 50]);
  assert.deepEqual(lowest!.norms, [8, 2, 4, 16]);
  assert.deepEqual(top!.points.map(({ norm }) => norm), [1, 1, 1, 1, 1]);
  assert.deepEqual(gradientCurves(metrics, 1)[1]!.points.length, 4); // 0 is not drawn
  const page = String(await gradientFigure(metrics, 3));
  assert.match(page, /aria-label="gradient norms over training, layer by layer: layer 1 8, output layer 1"/);
  assert.equal(page.match(/stroke-width="1\.6"/g)?.length, 2);
  // A run without norms, and one with norms that are all 0 or null.
  assert.equal(gradientFigure(metrics.map(({ gradientNorms: _, ...rest }) => rest), 3), undefined);
  assert.match(
    String(await gradientFigure(metrics.map((each) => ({ ...each, gradientNorms: [0, 0] })), 3)),
    /<svg/,
  );
  // Sixty-four layers are more than there are colours.
  assert.deepEqual(drawnLayers(64), [1, 14, 26, 39, 51, 64]);
  assert.deepEqual([drawnLayers(1), drawnLayers(3)], [[1], [1, 2, 3]]);
});
