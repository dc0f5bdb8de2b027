import assert from "node:assert/strict";
import fc from "fast-check";
import type { Samples } from "../../src/data/samples.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { affine, avgPool2d, conv2d, flatten, integrator, lif, network } from "../../src/network/builder.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { type ComparedRun, comparisonPage, MOST_RUNS } from "../../src/report/comparison.ts";
import { lookInto } from "../../src/report/findings.ts";
import { predict } from "../../src/report/predictions.ts";
import type { RecordedRun } from "../../src/report/recorded_run.ts";
import { parseMetadata } from "../../src/runs/run_metadata.ts";
import { reportPage } from "../../src/report/report.ts";
import { startEngine } from "../engine/batches.ts";
import { drawParameters, drawSamples, networkCases } from "../engine/network_cases.ts";
import { drawnGraphs } from "../graph/drawn_graphs.ts";
import { assertSelfContained } from "./self_contained.ts";

/** An untrained run, which has a page, too. */
function recordedRun(
  spec: NetworkSpec,
  parameters: ReadonlyMap<string, Float32Array>,
  batches = 7,
): RecordedRun {
  const batch = { epoch: 1, batch: 1, samples: 10, loss: 2, accuracy: 0.25, firingRate: 0.1 };
  return {
    name: `<b onclick="x">&amp;'`,
    directory: "runs/x",
    metadata: parseMetadata(
      '{"state":"running","options":{"model":"notebook","epochs":2,"note":"</script><img src=x>"}}',
      "r",
    ),
    metrics: Array.from(
      { length: batches },
      (_, i) => ({ ...batch, epoch: 1 + Math.floor(i / 5), batch: i }),
    ),
    epochs: [{ epoch: 1, validation: { loss: 1.5, accuracy: 0.5 } }, { epoch: 2 }, {
      epoch: 9,
      validation: null,
    }],
    model: { spec, parameters, metadata: {} },
    modelPath: "runs/x/model.safetensors",
  };
}

/** The page of a network with these weights and samples. */
async function pageOf(
  spec: NetworkSpec,
  parameters: Map<string, Float32Array>,
  samples: Samples,
): Promise<string> {
  using engine = await startEngine({ spec, threads: 0, recordStates: true, batchSize: samples.count });
  await engine.setParameters(parameters);
  const predictions = await predict(engine, spec.loss, samples, samples.count);
  return await reportPage(recordedRun(spec, parameters), await lookInto(spec, engine, samples, predictions));
}

Deno.test("reportPage() shows drawn networks on self-contained pages", async () => {
  await fc.assert(
    fc.asyncProperty(networkCases({ samples: 4 }), async ({ spec, parameters, samples }) => {
      const document = assertSelfContained(await pageOf(spec, parameters, samples));
      assert.equal(document.querySelector("h1")?.textContent, `<b onclick="x">&amp;'`);
      assert.equal(document.querySelectorAll("article.trace").length > 0, spec.steps > 1);
    }),
    { seed: 3, numRuns: 25 },
  );
});

Deno.test("reportPage() shows drawn graphs, with feature maps among them, on self-contained pages", async () => {
  let kernels = 0, maps = 0;
  await fc.assert(
    fc.asyncProperty(drawnGraphs({ samples: 3 }), async ({ spec, parameters, samples }) => {
      const document = assertSelfContained(await pageOf(spec, parameters, samples));
      kernels += document.querySelectorAll("#kernels").length;
      maps += document.querySelectorAll("ul.maps").length;
    }),
    { seed: 4, numRuns: 25 },
  );
  assert.ok(kernels > 0 && maps > 0, `${kernels} pages with kernels, ${maps} layers with maps`);
});

Deno.test("reportPage() keeps its size limit with many maps that spike at random", async () => {
  const spec = network({
    steps: 12,
    input: { shape: [3, 32, 32], encoder: { kind: "poisson", rate: 0.5 } },
    nodes: [
      ...[conv2d(40, 1), lif({ threshold: 0.05, decay: 0 })],
      ...Array.from({ length: 3 }, () => [
        conv2d(40, 3, { padding: 1, groups: 40 }),
        lif({ threshold: 0.05, decay: 0 }),
      ]).flat(),
      ...[avgPool2d(8), flatten(), affine(10), integrator()],
    ],
  });
  const samples = { ...drawSamples(spec, 1, 3, true), picture: { channels: 3, rows: 32, columns: 32 } };
  const document = assertSelfContained(await pageOf(spec, drawParameters(spec, 1), samples));
  assert.ok(document.querySelectorAll("img.colours").length > 0);
});

Deno.test("reportPage() keeps its size limit with units that spike at every step", async () => {
  // Units of threshold −9 spike at every step; random weights are incompressible.
  for (
    const spec of [
      notebookNetwork({ hidden: 400, steps: 300, threshold: -9, penalty: 0 }),
      notebookNetwork({ hidden: 900, steps: 20, classes: 200 }),
    ]
  ) {
    const samples = drawSamples(spec, 1, 6, true);
    assertSelfContained(await pageOf(spec, drawParameters(spec, 1), samples));
  }
});

Deno.test("reportPage() says that a run has no model, and shows the rest", async () => {
  const { model: _model, modelPath: _path, ...run } = recordedRun(notebookNetwork(), new Map());
  const document = assertSelfContained(await reportPage(run));
  const ids = [...document.querySelectorAll("section")].map(({ id }) => id);
  assert.deepEqual(ids, ["learning", "run"]);
  const warnings = [...document.querySelectorAll(".warning")].map(({ textContent }) => textContent).join(" ");
  assert.match(warnings, /state is “running”.*no model/);
  assertSelfContained(await reportPage({ ...run, metrics: [] }));
});

Deno.test("reportPage() keeps the curves of very long runs small", async () => {
  const { model: _model, ...run } = recordedRun(notebookNetwork(), new Map(), 20_000);
  const page = await reportPage(run);
  assertSelfContained(page);
  assert.ok(page.length < 150_000, `${page.length}`);
});

Deno.test("comparisonPage() takes runs of other sizes, data and kinds, of one name, and without a model", async () => {
  const compared: ComparedRun[] = [];
  for (
    const [spec, seed] of [[notebookNetwork({ steps: 5 }), 1], [feedForwardNetwork({ classes: 3 }), 1], [
      notebookNetwork(),
      2,
    ]] as const
  ) {
    const parameters = drawParameters(spec, seed), samples = drawSamples(spec, seed, 9, true);
    using engine = await startEngine({ spec, threads: 0, batchSize: 9 });
    await engine.setParameters(parameters);
    compared.push({
      run: recordedRun(spec, parameters),
      samples,
      predictions: await predict(engine, spec.loss, samples, 9),
    });
  }
  const { model: _model, ...without } = recordedRun(notebookNetwork(), new Map());
  const document = assertSelfContained(await comparisonPage([...compared, { run: without }]));
  assert.equal(document.querySelectorAll("#figures > .scroll thead th").length, 5);
  assert.match(document.querySelector("header")?.textContent ?? "", /no model/);

  // The maximum of runs: each line has its own combination of colour and dash.
  const many = Array.from({ length: MOST_RUNS }, (_, i) => compared[i % compared.length]!);
  const full = assertSelfContained(await comparisonPage(many));
  const keys = [...full.querySelectorAll("#learning .legend line")].map((line) =>
    `${line.getAttribute("style")} ${line.getAttribute("stroke-dasharray")}`
  );
  assert.deepEqual([keys.length, new Set(keys).size], [MOST_RUNS, MOST_RUNS]);
});

Deno.test("diverged losses keep their ticks within the margin", async () => {
  const { model: _model, modelPath: _path, ...run } = recordedRun(notebookNetwork(), new Map());
  const ticks = async (loss: number) => {
    const ranAway = { ...run, metrics: run.metrics.map((batch, i) => i === 2 ? { ...batch, loss } : batch) };
    const pages = [await reportPage(ranAway), await comparisonPage([{ run: ranAway }, { run }])];
    return pages.map((page) =>
      [...page.matchAll(/<text[^>]*>([\d.,]+(?:e\+\d)?)<\/text>/g)].map(([, tick]) => tick!)
    );
  };
  for (const texts of await ticks(6e5)) {
    assert.ok(
      texts.some((tick) => /^\de\+5$/.test(tick)) && texts.every((tick) => tick.length < 7),
      texts.join(" "),
    );
  }
  for (const texts of await ticks(3)) assert.ok(texts.every((tick) => !tick.includes("e")), texts.join(" "));
});
