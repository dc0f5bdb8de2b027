import assert from "node:assert/strict";
import type { DenseFeatures } from "../../src/data/events.ts";
import { type Samples, wordOf } from "../../src/data/samples.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { comparisonPage } from "../../src/report/comparison.ts";
import { pairPredictions, sameSamples } from "../../src/report/disagreement.ts";
import { lookInto } from "../../src/report/findings.ts";
import { predict, type Predictions } from "../../src/report/predictions.ts";
import { reportPage } from "../../src/report/report.ts";
import { startEngine } from "../engine/batches.ts";
import { drawSamples } from "../engine/network_cases.ts";
import { assertSelfContained } from "./self_contained.ts";

const SPEC = notebookNetwork({ inputs: 16, hidden: 6, classes: 3, steps: 5 });
const run = (name: string) => ({
  name,
  directory: "runs/x",
  metrics: [],
  epochs: [],
  model: { spec: SPEC, parameters: initialParameters(SPEC, 0), metadata: {} },
  modelPath: "runs/x/model.safetensors",
});

/** Twelve samples of three classes of these names. */
function samplesOf(
  classes: readonly string[],
  rest: Partial<Samples<DenseFeatures>> = {},
): Samples<DenseFeatures> {
  return {
    ...drawSamples(SPEC, 1, 12, true),
    labels: Uint8Array.from({ length: 12 }, (_, i) => i % 3),
    classes,
    ...rest,
  };
}

async function answersOf(samples: Samples) {
  using engine = await startEngine({ spec: SPEC, threads: 0, recordStates: true, batchSize: 12 });
  await engine.setParameters(initialParameters(SPEC, 0));
  const predictions = await predict(engine, SPEC.loss, samples, 12);
  return { samples, predictions, findings: await lookInto(SPEC, engine, samples, predictions) };
}

const HOSTILE = ["<img src=x onerror=alert(1)>", "Ankle\u001b[2J boot\n", `very long ${"x".repeat(300)}`];

Deno.test("reportPage() names classes in figures, tables, mistakes and samples, escaped and shortened", async () => {
  const picture = { rows: 4, columns: 4 };
  const page = await reportPage(run("a"), (await answersOf(samplesOf(HOSTILE, { picture }))).findings);
  const document = assertSelfContained(page);
  const rows = [...document.querySelectorAll("#classes tbody tr th")].map(({ textContent }) => textContent);
  assert.deepEqual(rows.slice(0, 3), [
    "<img src=x onerror=alert(1)>",
    "Ankle\\u{1b}[2J boot\\u{a}",
    `very long ${"x".repeat(22)}…`,
  ]);
  assert.equal(document.querySelectorAll("img[onerror]").length, 0);
  assert.ok(!page.includes("\u001b"));
  assert.ok(!page.includes("x".repeat(40)));
  const ticks = [...document.querySelectorAll("#classes svg text")].map(({ textContent }) => textContent);
  assert.ok(ticks.includes("<img src=x one…"), ticks.join("|"));
  const titles = [...document.querySelectorAll("article.trace h3")].map(({ textContent }) => textContent);
  assert.ok(titles.length > 0);
  for (const title of titles) assert.match(title ?? "", /^Test image \d+ \((<img src=x|Ankle|very long)/);
  assert.match(document.querySelector("#classes ul.pictures")?.textContent ?? "", / taken for /);
});

Deno.test("reportPage() calls samples by their kind", async () => {
  assert.equal(wordOf({}), "sample");
  assert.equal(wordOf({ steps: 5 }), "sequence");
  assert.equal(wordOf({ picture: { rows: 1, columns: 1 }, steps: 5 }), "image");
  const page = await reportPage(run("a"), (await answersOf(samplesOf(["a", "b", "c"]))).findings);
  assert.ok(!/\btest images?\b/i.test(page), "these are no pictures");
  assert.match(page, /of 12 test samples/);
});

Deno.test("comparisonPage() compares classes by name, not by each model's numbers", async () => {
  const first = samplesOf(["circle", "square", "triangle"]);
  const turned = samplesOf(["triangle", "circle", "square"], {
    labels: first.labels.map((label) => (label + 1) % 3),
  });
  const compared = [];
  for (const [i, samples] of [first, turned].entries()) {
    const { predictions } = await answersOf(samples);
    compared.push({ run: run(`run ${i}`), samples, predictions });
  }
  const [a, b] = compared.map(({ predictions }) => predictions);
  assert.ok(sameSamples(a!, b!));
  const document = assertSelfContained(await comparisonPage(compared));
  const rows = [...document.querySelectorAll("#classes tbody tr th")].map(({ textContent }) => textContent);
  assert.deepEqual(rows, ["circle", "square", "triangle"]);
  assert.ok(document.querySelector("#disagreement"));
  assert.match(
    document.querySelector("#figures table")?.textContent ?? "",
    /its 95 % interval\d+\.\d\d\s% to \d+\.\d\d\s%/,
  );
  assert.doesNotMatch(document.querySelector("header")?.textContent ?? "", /different data/);
});

Deno.test("comparisonPage() says that runs were evaluated on different data", async () => {
  const one = samplesOf(["a", "b", "c"]);
  const others = [
    samplesOf(["a", "b", "c"], { name: "others test", features: one.features.map((value) => value / 2) }),
    { ...samplesOf(["a", "b", "c"], { name: "fewer test" }), count: 9 },
    samplesOf(["a", "b", "d"], { name: "named test" }),
  ];
  const pageOf = async (...all: Samples[]) => {
    const compared = [];
    for (const [i, samples] of all.entries()) {
      const { predictions } = await answersOf(samples);
      compared.push({ run: run(`run ${i}`), samples, predictions });
    }
    return assertSelfContained(await comparisonPage(compared)).querySelector("header")?.textContent ?? "";
  };
  for (const other of others) {
    assert.match(
      await pageOf(one, other),
      RegExp(
        `measured on different data: run 0 on 12 samples of .* and run 1 on \\d+ samples of ${other.name}`,
      ),
    );
  }
  // The same numbers under another name are the same data.
  assert.doesNotMatch(await pageOf(one, { ...one, name: "a copy" }), /different data/);
});

Deno.test("pairPredictions() pairs classes by their names", () => {
  const predictions = (names: string[], labels: number[], predicted: number[]): Predictions => ({
    names,
    labels: Uint8Array.from(labels),
    predicted: Uint8Array.from(predicted),
    confidence: new Float32Array(labels.length),
    spikes: new Int32Array(labels.length),
    loss: 1,
  });
  const a = predictions(["x", "y"], [0, 0, 1, 1], [0, 1, 1, 0]);
  const b = predictions(["y", "x"], [1, 1, 0, 0], [1, 1, 1, 1]);
  const { both, first, second, neither } = pairPredictions(a, b);
  assert.deepEqual([both, first, second, neither], [1, [2], [1], 1]);
  assert.ok(!sameSamples(a, predictions(["x", "z"], [0, 0, 1, 1], [0, 0, 0, 0])));
});
