import assert from "node:assert/strict";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import type { Markup } from "../../src/report/markup.ts";
import type { Predictions } from "../../src/report/predictions.ts";
import type { Recordings } from "../../src/report/recordings.ts";
import {
  compareCounts,
  describeClasses,
  describeScore,
  describeSilence,
  silenceOf,
  summaryOf,
} from "../../src/report/summary.ts";

/** The text of pieces of a page. */
async function textOf(...pieces: readonly Markup[]): Promise<string> {
  const parts = await Promise.all(pieces);
  return parts.join(" ").replace(/<[^>]+>/g, "").replaceAll("&#39;", "'").replace(/\s+/g, " ").trim();
}

/** Predictions with this confusion matrix: `counts[label][predicted]`. */
function predictionsOf(counts: readonly (readonly number[])[], names?: readonly string[]): Predictions {
  const pairs = counts.flatMap((row, label) =>
    row.flatMap((times, named) => Array.from({ length: times }, () => [label, named] as const))
  );
  return {
    names: names ?? counts.map((_, label) => String(label)),
    labels: Uint8Array.from(pairs, ([label]) => label),
    predicted: Uint8Array.from(pairs, ([, named]) => named),
    confidence: new Float32Array(pairs.length).fill(0.5),
    spikes: new Int32Array(pairs.length),
    loss: 0.4,
  };
}

const said = (counts: readonly (readonly number[])[], names?: readonly string[]) =>
  textOf(...describeClasses(predictionsOf(counts, names), "image"));

Deno.test("describeClasses() names the best class, the worst one and the most frequent confusion", async () => {
  assert.equal(
    await said([[90, 10, 0], [30, 60, 10], [5, 0, 95]], ["cat", "dog", "owl"]),
    "It is best at owl (95.00 %, 95 of 100) and worst at dog (60.00 %, 60 of 100). " +
      "Most often it takes dog for cat, 30 of 100 times.",
  );
});

Deno.test("describeClasses() says that an order of few images may be chance", async () => {
  assert.equal(
    await said([[3, 1], [2, 2]]),
    "It is best at 0 (75.00 %, 3 of 4) and worst at 1 (50.00 %, 2 of 4); with so few images that order may be chance. " +
      "Most often it takes 1 for 0, 2 of 4 times.",
  );
});

Deno.test("describeClasses() tells ties as ties", async () => {
  // Shares tie though numbers differ: 1 of 2 and 50 of 100.
  assert.equal(
    await said([[1, 1, 0], [0, 50, 50], [0, 1, 99]]),
    "It is best at 2 (99.00 %, 99 of 100) and worst at 0 and 1 (50.00 % of each). " +
      "Most often it takes 1 for 2, 50 of 100 times.",
  );
  assert.equal(
    await said([[8, 2, 0], [0, 8, 2], [2, 0, 8]]),
    "It names each class rightly equally often, 80.00 % of it. " +
      "Most often it takes 0 for 1, 1 for 2 and 2 for 0, 2 times each.",
  );
  const ring = Array.from(
    { length: 5 },
    (_, i) => Array.from({ length: 5 }, (_, j): number => i === j ? 99 : j === (i + 1) % 5 ? 1 : 0),
  );
  assert.match(await said(ring), /No confusion stands out: 5 pairs of classes were confused once each\.$/);
  ring[1] = [0, 9, 91, 0, 0];
  assert.equal(
    await said(ring),
    "It is best at 4 of the classes (99.00 % of each) and worst at 1 (9.00 %, 9 of 100). " +
      "Most often it takes 1 for 2, 91 of 100 times.",
  );
  assert.match(
    await said([[7, 2, 2], [2, 7, 2], [1, 1, 9]]),
    /No confusion stands out: 4 pairs of classes were confused 2 times, and none more often\.$/,
  );
});

Deno.test("describeClasses() has no worst class and no confusion where nothing is wrong, and none of one class", async () => {
  assert.equal(await said([[5, 0], [0, 7]]), "");
  assert.equal(await said([[7]]), "");
  assert.equal(
    await said([[6, 1], [0, 0]]),
    "All of them are of one class, 0. Most often it takes 0 for 1, 1 of 7 times.",
  );
  assert.equal(
    await said([[0, 4, 0], [0, 0, 4], [4, 0, 0]]),
    "It names no class rightly. Most often it takes 0 for 1, 1 for 2 and 2 for 0, 4 times each.",
  );
  // A network that has died says one thing, whatever it is shown.
  assert.equal(await said([[0, 6], [0, 3]], ["cat", "dog"]), "It gives every image the same name, dog.");
});

Deno.test("describeScore() counts what is named rightly, and says where that is no better than guessing", async () => {
  const spec = notebookNetwork({ classes: 2 });
  const score = (counts: readonly (readonly number[])[], loss: number) =>
    textOf(describeScore(spec, { ...predictionsOf(counts), loss }, "image"));
  assert.equal(await score([[5, 0], [0, 5]], 0.1), "It names all 10 test images rightly.");
  assert.equal(await score([[1, 0], [0, 0]], 0.1), "It names the 1 test image rightly.");
  assert.equal(await score([[900, 100], [0, 1000]], 0.3), "It names 1,900 of 2,000 test images rightly.");
  assert.equal(
    await score([[5, 5], [5, 5]], Math.LN2),
    "It names 10 of 20 test images rightly, no better than guessing.",
  );
});

/** Rates of a network of a hidden layer and an output layer, each of the recorded units. */
const recorded = (hidden: number[], output = [0, 0.1]): Recordings => ({
  count: 500,
  layers: [hidden, output].map((rates, layer) => ({
    layer,
    units: rates.length,
    rates: Float64Array.from(rates),
    ratesByClass: new Float64Array(2 * rates.length),
  })),
});

Deno.test("silenceOf() counts hidden units alone, and describeSilence() says so", async () => {
  const spec = notebookNetwork({ hidden: 4, classes: 2 });
  const tell = async (rates: number[]) => {
    const silence = silenceOf(spec, recorded(rates))!;
    return [silence.silent, await textOf(describeSilence(silence, "image"))];
  };
  assert.deepEqual(await tell([0.1, 0, 0, 0.2]), [
    2,
    "2 of its 4 hidden units were silent: they never fired on the first 500 test images.",
  ]);
  assert.deepEqual(await tell([0.1, 0, 0.3, 0.2]), [
    1,
    "1 of its 4 hidden units was silent: it never fired on the first 500 test images.",
  ]);
  assert.deepEqual(await tell([0.1, 0.1, 0.3, 0.2]), [
    0,
    "Each of its 4 hidden units fired on the first 500 test images.",
  ]);
  assert.deepEqual(await tell([0, 0, 0, 0]), [
    4,
    "None of its 4 hidden units fired on the first 500 test images.",
  ]);
  // Without steps there are activations, and no spikes.
  const dense = silenceOf(feedForwardNetwork({ hidden: 4, classes: 2 }), recorded([0, 0, 1, 1]))!;
  assert.equal(
    await textOf(describeSilence(dense, "image")),
    "2 of its 4 hidden units were silent: they never were active on the first 500 test images.",
  );
  // A network whose hidden layers cannot fire has nothing to count.
  assert.equal(silenceOf(spec, { count: 500, layers: [] }), undefined);
});

Deno.test("compareCounts() says why training's count of silent units is another one", async () => {
  const silence = { units: 100, silent: 41, samples: 500, did: "fired" } as const;
  const tell = (silent: number, units = 100) =>
    textOf(...compareCounts(silence, { epoch: 3, silent, units }, 60_000));
  assert.equal(
    await tell(20),
    "Training's last epoch counted only 20: it watched 60,000 samples, while the weights still moved, and a unit that fired " +
      "for one of them did not count.",
  );
  assert.match(await tell(0), /^Training's last epoch counted none: it watched 60,000 samples/);
  assert.equal(await tell(41), "Training's last epoch counted as many.");
  assert.equal(
    await tell(44),
    "Training's last epoch counted 44: it watched the training samples, 60,000 of them, while the weights still moved.",
  );
  // An engine that does not count units one by one records 0 of them; older runs record nothing.
  assert.equal(await tell(0, 0), "");
  assert.equal(await textOf(...compareCounts(silence, { epoch: 1 }, 60_000)), "");
  assert.equal(await textOf(...compareCounts(silence, undefined, undefined)), "");
  assert.equal(
    await textOf(...compareCounts({ ...silence, silent: 0 }, { epoch: 1, silent: 0, units: 100 }, 9)),
    "",
  );
});

Deno.test("summaryOf() is one paragraph on the answers and one on the units, with names in their classes' colours", async () => {
  const markup = summaryOf({
    spec: notebookNetwork({ hidden: 2, classes: 2 }),
    predictions: predictionsOf([[90, 10], [40, 60]], ["<b>", "dog"]),
    recordings: recorded([0, 0.5]),
    word: "image",
    epochs: [{ epoch: 1, silent: 0, units: 2 }],
    trainSamples: 100,
  });
  const page = String(await markup);
  assert.equal(page.match(/<p>/g)?.length, 2);
  assert.match(page, /<b style="color:var\(--class-0\)">&lt;b&gt;<\/b>/);
  assert.match(page, /<b style="color:var\(--class-1\)">dog<\/b>/);
});
