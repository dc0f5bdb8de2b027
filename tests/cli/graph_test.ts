/**
 * A network that is a graph and no chain, in runs of the real command: a skip connection, a loop of two populations, a readout that
 * is not the last node, and a branch that nothing reads.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readModel } from "../../src/network/model_file.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { BURSTS, writeBurstData } from "./burst_data.ts";
import { recordOf, spikelet } from "./spikelet.ts";

const { channels, steps, classes } = BURSTS;
const SURROGATE = { kind: "fastSigmoid", slope: 25 };
const GRAPH = {
  steps,
  input: { shape: [channels] },
  nodes: [
    { id: "see", kind: "affine", units: 20 },
    { id: "back", kind: "affine", units: 20, bias: false, from: { node: "inner", delay: 2 } },
    { id: "first", kind: "lif", surrogate: SURROGATE, from: ["see", "back"], perUnit: ["threshold"] },
    { id: "gain", kind: "scale" },
    { id: "inner", kind: "lif", surrogate: SURROGATE, from: ["gain", { node: "first", delay: 1 }] },
    { id: "join", kind: "affine", units: classes, from: ["inner", "first"] },
    { id: "out", kind: "integrator", decay: 0.9 },
    { id: "aside", kind: "lif", from: "first" },
  ],
  readout: { node: "out" },
};

Deno.test("train, runs, evaluate and report of a graph name its layers by their nodes", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBurstData(join(folder, "bursts"));
    await Deno.writeTextFile(join(folder, "graph.json"), JSON.stringify(GRAPH));
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await spikelet(folder, args);
      assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
      return { stdout, stderr };
    };
    const trained = await run(
      ...["train", "--network", "graph.json", "--data", "bursts", "--name", "graph", "--epochs", "3"],
      ...["--optimizer", "adam", "--learning-rate", "0.01", "--batch-size", "40", "--threads", "1"],
      ...["--init", "rate", "--explain", "--json"],
    );
    assert.match(trained.stderr, /12-20-20-3-20, 50 steps/);
    // The readout reads potentials, so its units need not fire; "aside" has no weights of its own.
    assert.match(trained.stderr, /units fire at a step: layer 1 \(first\) at .*; layer 2 \(inner\) at /);
    for (const name of ["1 (first)", "2 (inner)", "3 (out)", "4 (aside)"]) {
      assert.ok(trained.stderr.includes(`  ${name} `), trained.stderr);
    }
    const summary = recordOf(JSON.parse(trained.stdout.trimEnd().split("\n").at(-1) ?? ""));
    assert.ok(Number(recordOf(summary.test).accuracy) > 0.5, trained.stderr);
    const findings = JSON.stringify(summary.findings);
    assert.ok(
      !/"kind":"(vanishingGradient|explodingGradient|silent|rare)","layer":4/.test(findings),
      findings,
    );

    const model = await readModel(join(folder, "runs/graph/model.safetensors"));
    assert.ok(model.parameters.has("first.threshold") && model.parameters.has("gain.weight"));

    const shown = await run("runs", "show", "graph");
    assert.match(shown.stdout, /first: 20 lif \(.*\), from see \+ back\n/);
    assert.match(shown.stdout, /back: 20 affine \(.*\), from inner \(delay 2\)\n/);
    assert.match(shown.stdout, /read: mean of out's state/);

    const { stdout: answer } = await run("evaluate", "graph", "--data", "bursts", "--json");
    assert.equal(recordOf(recordOf(JSON.parse(answer)).test).accuracy, recordOf(summary.test).accuracy);

    await run("report", "graph");
    const page = await Deno.readTextFile(join(folder, "runs/graph/report.html"));
    for (
      const text of [
        "Layer 1 (first) (20 units, lif)",
        "Layer 4 (aside) (20 units, lif)",
        "They are those of see",
      ]
    ) {
      assert.ok(page.includes(text), text);
    }
  });
});

Deno.test("advice for a graph names nodes of its file", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBurstData(join(folder, "bursts"));
    const nodes = GRAPH.nodes.map((node) => node.id === "first" ? { ...node, threshold: 1000 } : node);
    await Deno.writeTextFile(join(folder, "graph.json"), JSON.stringify({ ...GRAPH, nodes }));
    const { code, stderr } = await spikelet(folder, [
      ...["train", "--network", "graph.json", "--data", "bursts", "--epochs", "1", "--threads", "1"],
      ...["--init", "xavier", "--explain", "--json"],
    ]);
    assert.equal(code, 0, stderr);
    const said = stderr.replace(/\s+/g, " ");
    assert.match(said, /Layer 1 \(first\): 20 of 20 units never fired\./);
    assert.match(said, /a lower threshold of first in graph\.json/);
  });
});

Deno.test("options for layers are refused beside a file, by name", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "graph.json"), JSON.stringify(GRAPH));
    for (const option of ["--layers=5", "--hidden=5", "--recurrent", "--neuron=lif", "--threshold=2"]) {
      const { code, stderr } = await spikelet(folder, ["train", "--network", "graph.json", option]);
      assert.equal(code, 2);
      const [name] = option.split("=");
      assert.match(
        stderr,
        new RegExp(
          `^${name}: means nothing with --network, whose file says it: change graph\\.json, or leave the option out$`,
          "m",
        ),
      );
    }
  });
});
