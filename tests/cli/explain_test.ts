/**
 * `--explain` in runs of the real command: it reports each finding exactly where it is true, and its advice is accepted and
 * helps.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { serializeSafetensors } from "../../src/network/safetensors.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { BURSTS, writeBurstData } from "./burst_data.ts";
import { inFolderWithData } from "./small_data.ts";
import { recordOf, spikelet } from "./spikelet.ts";

/** A run's findings, without line breaks, and its accuracy on the test set. */
async function explained(folder: string, args: readonly string[]) {
  const { code, stdout, stderr } = await spikelet(folder, [
    "train",
    ...args,
    "--explain",
    "--json",
    "--threads",
    "1",
  ]);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  const summary = recordOf(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
  const text = stderr.slice(stderr.indexOf("  steady: "), stderr.indexOf("\nNext:"));
  for (const line of text.split("\n")) assert.ok(line.length <= 120, line);
  const said = text.replace(/\s+/g, " ");
  assert.ok(Array.isArray(summary.findings));
  const findings = summary.findings.map((finding) => String(recordOf(finding).kind));
  // The two exclude each other.
  const isGuessing = /no better than guessing/.test(stderr);
  assert.ok(!(isGuessing && /Nothing stands out/.test(said)), said);
  assert.equal(isGuessing, findings.includes("guessing"), said);
  assert.equal(findings.length === 0, /Nothing stands out/.test(said), said);
  return { said, findings, accuracy: Number(recordOf(summary.test).accuracy) };
}

/** The description of a network with this number of hidden layers. */
async function writeNetwork(path: string, layers: number, neuron: Record<string, unknown>, more = {}) {
  const { channels: inputs, steps, classes } = BURSTS;
  const hidden = { units: 30, ...more, neuron: { kind: "lif", decay: 0.9, threshold: 1, ...neuron } };
  const layout = [...Array.from({ length: layers }, () => hidden), {
    units: classes,
    neuron: { kind: "integrator", decay: 0.9 },
  }];
  await Deno.writeTextFile(path, JSON.stringify({ inputs, steps, layers: layout }));
}

const ADAM = ["--optimizer", "adam", "--learning-rate", "0.005", "--batch-size", "40", "--data", "bursts"];

Deno.test("train --explain names a gradient that explodes and a loss that jumps, and its advice ends both", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBurstData(join(folder, "bursts"));
    const path = join(folder, "net.json");
    await writeNetwork(path, 1, {}, { units: 40, recurrent: true });
    const args = ["--network", "net.json", ...ADAM, "--epochs", "4"];
    const ill = await explained(folder, args);
    assert.deepEqual(ill.findings.slice(0, 2), ["explodingGradient", "jumpingLoss"]);
    assert.match(
      ill.said,
      /Layer 1: its gradient's norm was \d+ in batch \d+ of epoch \d, \d+ times the output layer's/,
    );
    assert.match(ill.said, /it explodes in the backward pass through 50 steps\./);
    assert.match(ill.said, /The loss jumped from 1\.\d+ to [2-9]\.\d+ around batch \d+ of epoch 1/);
    // --network accepts none of the network options, so the advice names none.
    assert.doesNotMatch(ill.said, /--(surrogate|slope|threshold|decay|steps|penalty|rate-target)/);
    const [, surrogate = ""] =
      /set layers\[0\]\.neuron\.surrogate to (\{.*?\}) in net\.json/.exec(ill.said) ?? [];
    await writeNetwork(path, 1, { surrogate: JSON.parse(surrogate) }, { units: 40, recurrent: true });
    const well = await explained(folder, [...args.slice(0, -1), "6"]);
    assert.deepEqual(well.findings, []);
    assert.ok(well.accuracy > 0.85 && ill.accuracy < 0.7, `${ill.accuracy} and then ${well.accuracy}`);
  });
});

Deno.test("train --explain names a gradient that vanishes after too large updates, and its advice lets it learn", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBurstData(join(folder, "bursts"));
    await writeNetwork(join(folder, "deep.json"), 4, {});
    // Whether clipping is enough for this network depends on its first weights.
    const args = [
      "--network",
      "deep.json",
      "--data",
      "bursts",
      "--batch-size",
      "40",
      "--epochs",
      "4",
      "--seed",
      "3",
    ];
    const ill = await explained(folder, [...args, "--learning-rate", "0.5"]);
    assert.ok(
      ["jumpingLoss", "vanishingGradient", "silent", "guessing"].every((kind) => ill.findings.includes(kind)),
      ill.said,
    );
    assert.match(
      ill.said,
      /Layer 1: its gradient's norm is \S+e-\d+ times the output layer's \(layer by layer: .*\): it vanishes/,
    );
    assert.match(
      ill.said,
      /When training began it was \d+\.?\d* times the output layer's: steps were too long then\./,
    );
    // Consequences of too large updates have no advice of their own.
    assert.equal(ill.said.match(/What usually helps/g)?.length, 1);
    assert.match(
      ill.said,
      /What usually helps: --optimizer adam --learning-rate 0\.001, --clip 1, or --learning-rate 0\.05\./,
    );
    for (
      const advice of [["--optimizer", "adam", "--learning-rate", "0.001"], [
        "--learning-rate",
        "0.5",
        "--clip",
        "1",
      ]]
    ) {
      const well = await explained(folder, [...args, ...advice]);
      assert.ok(
        well.accuracy > 0.65 && ill.accuracy < 0.5,
        `${ill.accuracy}, with ${advice} ${well.accuracy}`,
      );
      for (const kind of ["jumpingLoss", "vanishingGradient"]) {
        assert.ok(!well.findings.includes(kind), well.said);
      }
    }
  });
});

Deno.test("train --explain names a gradient that vanishes from the start, and its advice ends that", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBurstData(join(folder, "bursts"));
    const path = join(folder, "narrow.json");
    await writeNetwork(path, 3, { surrogate: { kind: "fastSigmoid", slope: 100 } });
    const args = ["--network", "narrow.json", ...ADAM, "--epochs", "3"];
    const ill = await explained(folder, args);
    assert.deepEqual(ill.findings, ["vanishingGradient"]);
    assert.doesNotMatch(ill.said, /When training began/);
    const [, surrogate = ""] =
      /set neuron\.surrogate of layers\[0\], layers\[1\] and layers\[2\] to (\{.*?\}) in narrow\.json/.exec(
        ill.said,
      ) ?? [];
    await writeNetwork(path, 3, { surrogate: JSON.parse(surrogate) });
    const well = await explained(folder, args);
    assert.deepEqual(well.findings, []);
    assert.ok(well.accuracy > ill.accuracy, `${ill.accuracy} and then ${well.accuracy}`);
  });
});

/** Two classes with a constant 0.3 in one half of the channels: too little for a threshold of 3. */
async function writeFaintData(folder: string): Promise<void> {
  const steps = 10, channels = 8, count = 200;
  await Deno.mkdir(folder, { recursive: true });
  const y = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const x = Float32Array.from(
    { length: count * steps * channels },
    (_, i) => (i % channels < 4) === (y[Math.floor(i / (steps * channels))] === 0) ? 0.3 : 0,
  );
  const bytes = serializeSafetensors([
    ["x", { dtype: "F32", shape: [count, steps, channels], data: x }],
    ["y", { dtype: "U8", shape: [count], data: y }],
  ]);
  for (const name of ["train", "test"]) await Deno.writeFile(join(folder, `${name}.safetensors`), bytes);
}

const SILENT = /Layer 1: 10 of 10 units never fired\. /;
/** The finding on silent units of each kind, and whether further training lets them spike. */
const SILENT_UNITS = [
  [
    { kind: "graded", penalty: 1 },
    /A graded unit that never fires has no gradient, so it stays silent/,
    false,
  ],
  [
    { kind: "lif" },
    /They have a gradient still, for atan is above 0 at any distance .* they may begin to fire/,
    true,
  ],
  [
    { kind: "lif", surrogate: { kind: "fastSigmoid", slope: 2 } },
    /They have a gradient still, for fastSigmoid is above 0 at any distance/,
    true,
  ],
  [
    { kind: "lif", surrogate: { kind: "triangle", slope: 2 } },
    /triangle of slope 2 is 0 from 0\.5 below the threshold on: 10 of them never came nearer, so they have no gradient and stay silent/,
    false,
  ],
  [
    { kind: "lif", surrogate: { kind: "boxcar", slope: 0.1 } },
    /boxcar of slope 0\.1 is 0 from 5 below the threshold on: each of them came nearer at some step, so they have a gradient still/,
    true,
  ],
] as const;

Deno.test("train --explain says whether silent units can recover by their surrogate derivative, as training confirms", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFaintData(join(folder, "faint"));
    for (const [neuron, words, comesBack] of SILENT_UNITS) {
      const layers = [{ units: 10, neuron: { decay: 0.5, threshold: 3, ...neuron } }, {
        units: 2,
        neuron: { kind: "integrator", decay: 0.9 },
      }];
      await Deno.writeTextFile(join(folder, "net.json"), JSON.stringify({ inputs: 8, steps: 10, layers }));
      const args = [
        "--network",
        "net.json",
        "--data",
        "faint",
        "--init",
        "xavier",
        "--batch-size",
        "20",
        "--seed",
        "4",
      ];
      const rate = ["--optimizer", "adam", "--learning-rate", "0.05"];
      const young = await explained(folder, [...args, "--optimizer", "adam", "--learning-rate", "0.005"]);
      assert.match(young.said, SILENT);
      assert.match(young.said, words);
      const old = await explained(folder, [...args, ...rate, "--epochs", "12"]);
      assert.equal(!SILENT.test(old.said), comesBack, old.said);
      assert.match(young.said, /--init rate in place of --init xavier/);
      const started = await explained(folder, [...args, ...rate, "--epochs", "12", "--init", "rate"]);
      assert.doesNotMatch(started.said, SILENT);
      assert.equal(started.accuracy, 1, started.said);
    }
  });
});

Deno.test("train --explain says that nothing was learned if it finds nothing else, and its advice lets it learn", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeBurstData(join(folder, "bursts"));
    await writeNetwork(join(folder, "net.json"), 1, { surrogate: { kind: "fastSigmoid", slope: 5 } });
    const args = ["--network", "net.json", "--data", "bursts", "--batch-size", "40", "--epochs", "2"];
    const slow = await explained(folder, [...args, "--learning-rate", "0.00001"]);
    assert.deepEqual(slow.findings, ["guessing"]);
    assert.match(
      slow.said,
      /Nothing was learned: the test loss is 1\.\d+, and guessing comes to 1\.1\. What usually helps: more --epochs, --optimizer adam --learning-rate 0\.001,/,
    );
    const quick = await explained(folder, [
      ...args,
      "--epochs",
      "8",
      "--optimizer",
      "adam",
      "--learning-rate",
      "0.01",
    ]);
    assert.deepEqual(quick.findings, []);
    assert.match(
      quick.said,
      /Nothing stands out: .* If it learns too little still: more --epochs, --learning-rate 0\.001, or --learning-rate 0\.03\./,
    );
    assert.ok(quick.accuracy > 0.6, `${quick.accuracy}`);
  });
});

/** A value for an option of which the advice gives only the direction. */
const TRIED: Readonly<Record<string, readonly string[]>> = {
  "a lower --threshold": ["--threshold", "0.5"],
  "a higher --threshold": ["--threshold", "3"],
  "a higher --penalty": ["--penalty", "4"],
  "a higher --decay": ["--decay", "0.95"],
  "a lower --decay": ["--decay", "0.5"],
  "more --steps": ["--steps", "9"],
  "more --epochs": ["--epochs", "2"],
  "another --seed": ["--seed", "5"],
};

const COMMANDS = [
  ["--model tuned --threshold 90 --epochs 1", "--clip 1"],
  ["--model lif --threshold 90 --epochs 1 --init xavier", "--init rate in place of --init xavier"],
  [
    "--neuron lif --layers 8,7 --surrogate boxcar --slope 9 --threshold 90 --init xavier",
    "--surrogate atan --slope 2",
  ],
  ["--threshold -50 --decay 0.5", "a higher --penalty"],
  ["--learning-rate 900 --momentum 0.5", "--optimizer adam --learning-rate 0.001 in place of --momentum"],
  ["--model conv --threshold 90 --epochs 1", "--init rate"],
  ["--model feed-forward --learning-rate 0.000001", "--learning-rate 0.000003"],
] as const;

Deno.test("train accepts all options that --explain advises", async () => {
  await inFolderWithData(async (folder) => {
    for (const [command, expected] of COMMANDS) {
      const args = [...command.split(" "), "--data", "data", "--batch-size", "20"];
      if (!command.includes("--model")) args.push("--steps", "7");
      const { said } = await explained(folder, args);
      const advice = [...said.matchAll(/What usually helps: (.*?)\.(?= |$)/g)].flatMap(([, list = ""]) =>
        list.split(/, or |, /)
      );
      assert.ok(advice.includes(expected), `${command}: ${said}`);
      // All advice at once: the last value of a repeated option counts.
      let all = args;
      for (const remedy of advice) {
        const [option = "", vain = ""] = remedy.split(" in place of ");
        const at = all.indexOf(vain.split(" ")[0] ?? "");
        all = [...(at < 0 ? all : all.toSpliced(at, 2)), ...TRIED[option] ?? option.split(" ")];
      }
      assert.ok(
        advice.length > 1 && all.every((word) => !/^(a|more|another)$/.test(word)),
        all.join(" "),
      );
      const { code, stderr } = await spikelet(folder, ["train", ...all, "--quiet", "--threads", "1"]);
      assert.equal(code, 0, `${all.join(" ")}: ${stderr}`);
    }
  });
});
