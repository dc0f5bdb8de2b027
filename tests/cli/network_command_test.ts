import assert from "node:assert/strict";
import { join } from "node:path";
import { drawTracks } from "../../src/cli/graph_tracks.ts";
import { drawNetwork } from "../../src/cli/network_drawing.ts";
import {
  affine,
  batchNorm,
  conv2d,
  dropout,
  flatten,
  integrator,
  lif,
  maxPool2d,
  network,
} from "../../src/network/builder.ts";
import { wideNetwork } from "../../src/network/presets.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

/** A skip edge with a delay, and a loop of two nodes. */
const GRAPH = {
  steps: 12,
  input: { shape: [784], encoder: { kind: "constant" } },
  nodes: [
    { id: "fc1", kind: "affine", units: 64 },
    { id: "lif1", kind: "lif" },
    { id: "fc2", kind: "affine", units: 64 },
    { id: "rec2", kind: "affine", units: 64, bias: false, from: { node: "lif2", delay: 1 } },
    { id: "lif2", kind: "lif", from: ["fc2", "rec2", { node: "lif1", delay: 2 }] },
    { id: "fc3", kind: "affine", units: 10 },
    { id: "out", kind: "integrator" },
  ],
} as const;

/** As docs/commands.md shows it. */
const DRAWING = `
         node     kind        shape  parameters  mult-adds
○        input    constant      784
□        fc1      affine         64      50,240     50,176
●        lif1     lif            64
├─╮
□ │      fc2      affine         64       4,160      4,096
│ │      from lif2 (delay 1)
│ │ □◂╮  rec2     affine         64       4,096      4,096
├─┴─╯ ┊  from fc2 + rec2 + lif1 (delay 2)
●     ┊  lif2     lif            64
├┄┄┄┄┄╯
□        fc3      affine         10         650        640
●        out      integrator     10
◆        readout  mean of the state
`.slice(1);

Deno.test("network draws the graph of a file, and prints it as JSON that it takes again", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "skip.json"), JSON.stringify(GRAPH));
    const { code, stdout, stderr } = await spikelet(folder, ["network", "skip.json"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.endsWith(`\n${DRAWING}`), stdout);
    assert.match(stdout, /^Network +skip\.json\nSteps +12\nNeurons +138 in 3 nodes\nParameters +59,146\n/);
    assert.match(stdout, /^In loops +rec2, lif2: dashed lines lead back$/m);
    const page = await Deno.readTextFile(new URL("../../docs/commands.md", import.meta.url));
    assert.ok(page.includes(DRAWING), "docs/commands.md");

    const json = await spikeletJson(folder, ["network", "skip.json"]);
    assert.deepEqual(recordOf(json.readout), {
      node: "out",
      delay: 0,
      from: "state",
      reduce: "mean",
      begin: 0,
    });
    await Deno.writeTextFile(join(folder, "again.json"), JSON.stringify(json));
    assert.deepEqual(await spikeletJson(folder, ["network", "again.json"]), json);
  });
});

Deno.test("network takes presets, runs, models and checkpoints, and lists those that there are", async () => {
  await inFolderWithData(async (folder) => {
    const network = async (word: string) => await spikeletJson(folder, ["network", word]);
    const none =
      /no such file, preset or run: presets are notebook, .*; there are no runs yet \(deno task train/;
    assertOneLine(await spikelet(folder, ["network", "nothing"]), 1, none);
    assert.deepEqual(await network("wide"), JSON.parse(JSON.stringify(wideNetwork())));

    const train = ["train", "--data", "data", "--hidden", "5", "--steps", "6", "--threads", "1"];
    await spikeletJson(folder, [...train, "--name", "one", "--explain"]);
    const spec = await network("one");
    assert.ok(Array.isArray(spec.nodes));
    for (const word of ["runs/one", "runs/one/model.safetensors", "runs/one/checkpoints/last.safetensors"]) {
      assert.deepEqual(await network(word), spec, word);
    }
    await Deno.remove(join(folder, "runs", "one", "run.json"));
    assert.deepEqual(await network("one"), spec, "the model alone");
    await Deno.remove(join(folder, "runs", "one", "model.safetensors"));
    assert.deepEqual(await network("one"), spec, "the checkpoint alone");

    await spikeletJson(folder, [...train, "--name", "two", "--explain"]);
    const { stdout } = await spikelet(folder, ["network", "two"]);
    assert.match(stdout, /mult-adds +fires\n[^]*\n● +neuron1 +graded +5 +\d+\.\d\d %\n/);
    assertOneLine(
      await spikelet(folder, ["network"]),
      2,
      /^network: expected a file, a preset or a run: .*; runs are two$/m,
    );
  });
});

Deno.test("train --network trains a graph, which network and report show; options of layers are refused beside it", async () => {
  await inFolderWithData(async (folder) => {
    await Deno.writeTextFile(join(folder, "skip.json"), JSON.stringify(GRAPH));
    const train = ["train", "--network", "skip.json", "--data", "data", "--threads", "1"];
    for (const option of [["--layers", "5"], ["--hidden", "5"], ["--recurrent"]]) {
      const refused = await spikelet(folder, [...train, ...option]);
      assertOneLine(
        refused,
        2,
        new RegExp(`^${option[0]}: means nothing with --network, whose file says it`),
      );
    }
    await spikeletJson(folder, [...train, "--name", "graph"]);
    const described = await spikeletJson(folder, ["network", "skip.json"]);
    assert.deepEqual(await spikeletJson(folder, ["network", "graph"]), described);
    await spikeletJson(folder, ["report", "graph"]);
    const page = await Deno.readTextFile(join(folder, "runs", "graph", "report.html"));
    assert.match(page, /lif2 takes fc2 \+ rec2 \+ lif1 \(delay 2\)/);
  });
});

Deno.test("drawNetwork() keeps to the terminal's width", () => {
  const chain = wideNetwork();
  for (const columns of [30, 40, 60, 80, 100]) {
    for (const line of drawNetwork(chain, columns)) assert.ok(line.length <= columns, line);
  }
  assert.ok(drawNetwork(chain, 60).some((line) => line.endsWith("mult-adds")));
  const names = Array.from({ length: 20 }, (_, i) => `branch-${i}`);
  const broad = network({
    steps: 3,
    input: { shape: [4], encoder: { kind: "constant" } },
    nodes: [
      ...names.map((id) => affine(2, { id, from: "input" })),
      lif({}, { id: "all", from: names }),
      affine(2, { id: "fc" }),
      integrator({}, { id: "out" }),
    ],
  });
  const lines = drawNetwork(broad, 60);
  assert.ok(lines.every((line) => line.length <= 60 && !line.includes("│")), lines.join("\n"));
  assert.match(lines.join(" "), /from branch-0 \+ branch-1 \+/);
});

Deno.test("drawNetwork() says windows, strides, padding and groups in words: behind the kind, or above the node", () => {
  const spec = network({
    steps: 4,
    input: { shape: [2, 12, 12], encoder: { kind: "constant" } },
    nodes: [
      ...[
        conv2d(8, 3, { stride: 2, padding: 1, groups: 2 }),
        batchNorm(),
        lif(),
        maxPool2d(2),
        dropout(0.25),
      ],
      ...[flatten(), affine(3), integrator()],
    ],
  });
  const wide = drawNetwork(spec, 100), narrow = drawNetwork(spec, 40);
  assert.deepEqual(wide.slice(2, 7), [
    "□  conv2d1      conv2d 3×3, stride 2, padding 1, 2 groups    8×6×6          80      2,592",
    "□  batchNorm1   batchNorm                                    8×6×6          16        288",
    "●  lif1         lif                                          8×6×6",
    "□  maxPool2d1   maxPool2d 2×2                                8×3×3",
    "□  dropout1     dropout rate 0.25                            8×3×3",
  ]);
  assert.deepEqual(narrow.slice(2, 8), [
    "│  3×3, stride 2, padding 1, 2 groups",
    "□  conv2d1      conv2d        8×6×6",
    "□  batchNorm1   batchNorm     8×6×6",
    "●  lif1         lif           8×6×6",
    "│  2×2",
    "□  maxPool2d1   maxPool2d     8×3×3",
  ]);
  for (const columns of [30, 34, 40, 60, 80]) {
    const lines = drawNetwork(spec, columns);
    assert.ok(lines.every((line) => line.length <= columns), lines.join("\n"));
    assert.match(lines.join(" ").replace(/[│\s]+/g, " "), /3×3, stride 2, padding 1, 2 groups/);
  }
});

Deno.test("drawTracks() lets lines cross, join, part and lead back", () => {
  const items = [[], [0, 1], [1, 4], [2, 4, 0], [3, 2, 1], [2], [4]];
  const rows = drawTracks(items.map((sources) => ({ mark: "●", sources })));
  assert.equal(
    rows.flatMap(({ above, own, below }) => [...above, own, ...below]).join("\n"),
    `
●
├─╮
●◂│┄╮
├┄│┄╯
├─│─╮
●◂│┄│┄╮
├─│─│─┊─╮
├─╯ │ ┊ │
●◂┄┄│┄┤ │
├───┴─┊─┤
●     ┊ │
├┄┄┄┄┄╯ │
│       ●
●`.slice(1),
  );
});
