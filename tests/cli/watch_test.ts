import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Parameters } from "../../src/engine/engine.ts";
import { brailleRaster, drawLive, mapLines, sparkline } from "../../src/cli/live_raster.ts";
import { Watch } from "../../src/cli/watch.ts";
import { convNetwork } from "../../src/network/conv_presets.ts";
import { affine, conv2d, flatten, lif, network } from "../../src/network/builder.ts";
import { EngineError } from "../../src/errors.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { drawParameters, drawSamples } from "../engine/network_cases.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, PROJECT, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

/** The program that runs a command on a terminal (util-linux). */
const SCRIPT = "/usr/bin/script";
const hasScript = existsSync(SCRIPT);

const TRAIN = [
  "train",
  "--data",
  "data",
  "--steps",
  "20",
  "--hidden",
  "30",
  "--batch-size",
  "5",
  "--threads",
  "1",
];
const BRAILLE = /[\u2800-\u28ff]/;

/** The output of a command on a terminal of this size. */
async function onTerminal(
  folder: string,
  args: readonly string[],
  { columns = 80, rows = 24, noColor = "" } = {},
): Promise<{ readonly code: number; readonly text: string }> {
  const deno = [Deno.execPath(), "run", "--no-prompt", "--no-remote", "--allow-read", "--allow-write=."];
  const words = [...deno, `${PROJECT}main.ts`, ...args].map((word) => `'${word}'`).join(" ");
  const { code, stdout } = await new Deno.Command(SCRIPT, {
    args: ["-qec", `stty cols ${columns} rows ${rows}; exec ${words}`, "/dev/null"],
    cwd: folder,
    env: { NO_COLOR: noColor, TERM: "xterm" },
    stdin: "null",
  }).output();
  return { code, text: new TextDecoder().decode(stdout) };
}

/** The written lines, also those drawn over, without control sequences. */
function linesOf(text: string): string[] {
  // deno-lint-ignore no-control-regex
  return text.split(/\r?\n|\r|\x1b\[\d*G/).map((line) => line.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, ""));
}

Deno.test("brailleRaster() draws each spike as a dot, the first unit lowest", () => {
  // Units 0 to 4 over three steps: a rising line, then a fifth unit in a line of its own.
  const spikes = new Uint8Array(15);
  for (const [t, n] of [[0, 0], [1, 1], [2, 3], [2, 4]] as const) spikes[t * 5 + n] = 1;
  assert.deepEqual(brailleRaster(spikes, 3, 5, 10, 8), ["⠀⡀", "⡠⠁"]);
  assert.deepEqual(brailleRaster(new Uint8Array(8).fill(1), 2, 4, 1, 1), ["⣿"]);
  const large = brailleRaster(new Uint8Array(300 * 70).fill(1), 300, 70, 20, 3);
  assert.ok(large.length <= 3 && large.every((line) => line.length <= 20));
});

Deno.test("mapLines() shades each map by how many of its units fire, map 0 lowest, a step as wide as there is room", () => {
  // Two maps of 1 × 4 units over three steps: all, half and none of map 0; at the last step one unit of map 1.
  const spikes = Uint8Array.of(...[1, 1, 1, 1, 0, 0, 0, 0], ...[1, 1, 0, 0, 0, 0, 0, 0], ...[
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    0,
  ]);
  const sizes = { maps: 2, rows: 1, columns: 4 };
  assert.deepEqual(mapLines(spikes, 3, sizes, 3, 8), ["··░", "█▒·"]);
  assert.deepEqual(mapLines(spikes, 3, sizes, 7, 8), ["····░░", "██▒▒··"]);
  // Two maps in a row, and two steps a letter.
  assert.deepEqual(mapLines(spikes, 3, sizes, 3, 1), ["█▒░"]);
  assert.deepEqual(mapLines(spikes, 3, sizes, 2, 8), ["·▒", "█·"]);
  assert.deepEqual(mapLines(new Uint8Array(24), 3, sizes, 3, 8), ["···", "···"]);
});

Deno.test("sparkline() scales to the highest value and keeps the last values", () => {
  assert.equal(sparkline([0, 1, 2, 4, 8], 10), "▁▂▃▅█");
  assert.equal(sparkline([9, 0, 8], 2), "▁█");
  assert.equal(sparkline([0, 0], 5) + sparkline([], 5) + sparkline([1], 0), "▁▁");
});

Deno.test("drawLive() fits every terminal and network", () => {
  const deep = parseNetworkSpec({
    inputs: 3,
    steps: 700,
    layers: Array.from({ length: 9 }, () => ({
      units: 90,
      neuron: { kind: "graded", decay: 0.9, threshold: 1, penalty: 1 },
    })),
    readout: { from: "state", reduce: "mean" },
    loss: { kind: "crossEntropy" },
  });
  const integrating = parseNetworkSpec({
    inputs: 3,
    steps: 1,
    encoder: { kind: "noise", offset: -0.5 },
    layers: [{ units: 90, neuron: { kind: "graded" } }, {
      units: 2,
      neuron: { kind: "integrator", decay: 1 },
    }],
  });
  const maps = (steps: number) => convNetwork({ steps });
  const counting = network({
    steps: 5,
    input: { shape: [1, 6, 6], encoder: { kind: "constant" } },
    nodes: [conv2d(3, 3), lif(), flatten(), affine(4), lif()],
    readout: { from: "spikes", reduce: "sum" },
  });
  for (
    const spec of [notebookNetwork(), deep, integrating, counting, maps(2), maps(25), maps(80), maps(700)]
  ) {
    const { populations } = structureOf(spec);
    const outputs = populations.map(({ units }) => new Float32Array(spec.steps * units).fill(1));
    const trace = {
      potentials: outputs,
      outputs,
      spikes: outputs.map((layer) => new Uint8Array(layer.length).fill(1)),
      currents: outputs,
      logits: new Float32Array(2),
      logProbabilities: new Float32Array(2),
      loss: 1,
    };
    for (const columns of [1, 12, 29, 40, 80, 300]) {
      for (const rows of [8, 12, 24, 60]) {
        const view = { title: "t".repeat(100), spec, trace, history: populations.map(() => [0.5, 1]) };
        const lines = drawLive(view, { columns, rows, colours: false });
        assert.ok(lines.length <= Math.max(rows, 8), `${lines.length} lines for ${rows}`);
        for (const line of lines) assert.ok(line.length <= Math.min(columns, 80), line);
        if (spec !== counting || columns < 80) continue;
        // Maps, units and the axis have the same steps below each other, of six letters each.
        assert.deepEqual(lines.slice(1, 6).map((line) => line.slice(9)), [
          ...Array(3).fill("█".repeat(30)),
          "⣿".repeat(30),
          `0${" ".repeat(23)}step 4`,
        ]);
      }
    }
  }
});

Deno.test("Watch inspects the first batch, then rests for at least 25 times an inspection's time", async () => {
  const spec = notebookNetwork({ inputs: 9, hidden: 4, classes: 3, steps: 5 });
  const samples = drawSamples(spec, 1, 2, true), parameters = drawParameters(spec, 1);
  let now = 0, inspections = 0;
  // Each reading of the clock adds 20 ms, so that an inspection takes some time.
  using watch = new Watch({ spec, seed: 0, samples, index: 1 }, () => now += 20);
  const source = (): Promise<Parameters> => {
    inspections++;
    return Promise.resolve(parameters);
  };
  assert.deepEqual(watch.draw({ columns: 80, rows: 20, colours: false }), []);
  assert.equal(await watch.look(source), true);
  assert.match(
    watch.draw({ columns: 80, rows: 20, colours: false })[0] ?? "",
    /^test sample 1 \(\d\): named \d with \d+ %$/,
  );
  assert.equal(await watch.look(source), false);
  now += 25 * 20 - 60;
  assert.equal(await watch.look(source), false);
  now += 100;
  assert.deepEqual(await Promise.all([watch.look(source), watch.look(source)]), [true, false]);
  assert.equal(inspections, 2);
  now += 1e6;
  assert.equal(await watch.look(() => Promise.reject(new EngineError("it stopped"))), false);
});

Deno.test({
  name: `train --watch draws a raster on a terminal, cleans up, and trains the same bits${
    hasScript ? "" : ` (left out: there is no ${SCRIPT} here)`
  }`,
  ignore: !hasScript,
  async fn() {
    await inFolderWithData(async (folder) => {
      const { code, text } = await onTerminal(folder, [
        ...TRAIN,
        "--epochs",
        "40",
        "--watch",
        "--name",
        "watched",
      ], {
        columns: 60,
      });
      assert.equal(code, 0, text);
      assert.match(text, BRAILLE);
      assert.match(text, /test image 0 \(0\): named \d with \d+ %/);
      assert.match(text, /layer 1 +\d+\.\d % fire/);
      assert.ok(text.includes("\x1b[36m"));
      // The first drawing comes with the first batch, before the network has learned much.
      const drawn = linesOf(text).filter((line) => line !== ""),
        first = drawn.findIndex((line) => /^epoch 1\/40 /.test(line));
      assert.match(drawn[first + 1] ?? "", /^test image 0 \(/);
      for (const line of drawn) {
        if (BRAILLE.test(line) || line.includes("% fire")) assert.ok(line.length <= 60, line);
      }
      // At the end the cursor is visible, the drawing is cleared, and the summary follows.
      const shown = text.lastIndexOf("\x1b[?25h"), summary = text.lastIndexOf("Accuracy");
      assert.ok(shown > text.lastIndexOf("\x1b[?25l") && shown < summary);
      assert.ok(!BRAILLE.test(text.slice(shown)));

      const plain = await spikeletJson(folder, [...TRAIN, "--epochs", "40"]);
      const record = recordOf(
        JSON.parse(await Deno.readTextFile(join(folder, "runs", "watched", "run.json"))),
      );
      assert.equal(recordOf(record.result).weightsSha256, plain.weightsSha256);
      assert.ok(Array.isArray(record.command));
      assert.deepEqual(record.command.toSorted(), [...TRAIN, "--epochs", "40"].sort());

      const grey = await onTerminal(folder, [...TRAIN, "--epochs", "40", "--watch"], { noColor: "1" });
      assert.match(grey.text, BRAILLE);
      assert.ok(!grey.text.includes("\x1b[36m") && !grey.text.includes("\x1b[0m"));
    });
  },
});

Deno.test({
  name: `train --watch shades the feature maps of a convolutional network on a terminal${
    hasScript ? "" : ` (left out: there is no ${SCRIPT} here)`
  }`,
  ignore: !hasScript,
  async fn() {
    await inFolderWithData(async (folder) => {
      const train = [
        "train",
        "--model",
        "tutorial",
        "--steps",
        "10",
        "--data",
        "data",
        "--threads",
        "1",
        "--watch",
      ];
      const { code, text } = await onTerminal(folder, train, { noColor: "1" });
      assert.equal(code, 0, text);
      const drawn = linesOf(text).filter((line) => line !== "");
      const first = drawn.findIndex((line) => line.startsWith("test image 0 (0): named "));
      assert.match(drawn[first + 1] ?? "", /^layer 1 {2}[·░▒▓█]{30}$/);
      assert.ok(drawn.some((line) => /^layer 2 {2}[·░▒▓█]{30}$/.test(line)));
      assert.ok(drawn.includes(`${" ".repeat(9)}0${" ".repeat(23)}step 9`));
      assert.match(text, /layer 2 +\d+\.\d % fire/);
    });
  },
});

Deno.test("train --watch says that there is no terminal, and trains", async () => {
  await inFolderWithData(async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, [...TRAIN, "--watch"]);
    assert.equal(code, 0);
    assert.match(stdout, /^Accuracy /m);
    assert.match(
      stderr,
      /^--watch: this is no terminal, so no spikes are drawn; `report` shows them afterwards$/m,
    );
    assert.doesNotMatch(stderr, BRAILLE);
  });
});

Deno.test("train refuses --watch for a network of one time step and with --quiet", async () => {
  await inTemporaryFolder(async (folder) => {
    assertOneLine(
      await spikelet(folder, ["train", "--model", "feed-forward", "--watch"]),
      2,
      /^--watch: means nothing for a network of one time step: /,
    );
    assertOneLine(
      await spikelet(folder, ["train", "--watch", "--quiet"]),
      2,
      /^--watch: not beside --quiet, /,
    );
  });
});
