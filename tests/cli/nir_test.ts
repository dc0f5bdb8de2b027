import assert from "node:assert/strict";
import { join } from "node:path";
import { layer, lif, network } from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { decodeModel, encodeModel } from "../../src/network/model_file.ts";
import { parseSafetensors, serializeSafetensors } from "../../src/network/safetensors.ts";
import { nirPath } from "../nir/nir_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { assertOneLine, recordOf, spikelet, spikeletJson } from "./spikelet.ts";

const RECURRENT = nirPath("paper/braille_noDelay_bias_zero_subgraph.nir");
const SYNAPTIC = nirPath("made/snntorch_synaptic/snntorch_synaptic.nir");
const SYNAPTIC_IO = nirPath("made/snntorch_synaptic/io.safetensors");

/** Sequences of 12 channels in 20 steps, of 7 classes, as train.safetensors and test.safetensors. */
async function writeData(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "data"));
  const x = Float32Array.from({ length: 14 * 20 * 12 }, (_, i) => i * 7919 % 5 === 0 ? 1 : 0);
  const bytes = serializeSafetensors([
    ["x", { dtype: "F32", shape: [14, 20, 12], data: x }],
    ["y", { dtype: "U8", shape: [14], data: Uint8Array.from({ length: 14 }, (_, i) => i % 7) }],
  ]);
  for (const name of ["train", "test"]) {
    await Deno.writeFile(join(folder, "data", `${name}.safetensors`), bytes);
  }
}

Deno.test("import makes a model of a NIR file, which evaluate and network take", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeData(folder);
    const { code, stdout, stderr } = await spikelet(folder, ["import", RECURRENT, "--steps", "20"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /: 12-38-7, 20 steps\nwarning: edge lif1\/input → lif1\/lif: there is no node/);
    assert.match(
      stdout,
      /^assumed, since the file does not say it: dt 0\.0001, .*; to say otherwise: --dt, /m,
    );
    const out = join("runs", "braille_noDelay_bias_zero_subgraph.safetensors");
    const { spec, metadata } = decodeModel(await Deno.readFile(join(folder, out)), out);
    assert.deepEqual(recordOf(JSON.parse(metadata.nir ?? "")).reset, "value");
    assert.deepEqual(recordOf(JSON.parse(metadata.nirNodes ?? ""))["lif1/lif1"], "lif1_lif1");
    assert.ok(spec.nodes.some(({ from }) => from.some(({ delay }) => delay === 1)), "a loop");
    const own = ["--data", "data", "--threads", "1"];
    const measured = recordOf((await spikeletJson(folder, ["evaluate", out, ...own])).test);
    assert.equal(measured.total, 14);
    const drawn = await spikelet(folder, ["network", out]);
    assert.match(drawn.stdout, /lif1_lin +affine/);
  });
});

Deno.test("import takes options as flags, JSON and an exporter's habits, flags first", async () => {
  await inTemporaryFolder(async (folder) => {
    const more = ["--as", "norse", "--nir", '{"dt":0.5,"start":"reset"}', "--dt", "0.0001", "--steps", "5"];
    const { options, assumed } = await spikeletJson(folder, ["import", SYNAPTIC, ...more]);
    assert.deepEqual(options, {
      dt: 0.0001,
      method: "euler",
      gain: "ode",
      gain_if: "unit",
      gain_syn: "unit",
      reset: "value",
      spikes: "single",
      start: "reset",
    });
    assert.deepEqual(assumed, ["method euler", "gain ode", "gain_syn unit", "reset value", "spikes single"]);
  });
});

Deno.test("verify holds a NIR file to what another framework computed, and says where it first differs", async () => {
  await inTemporaryFolder(async (folder) => {
    const args = ["verify", SYNAPTIC, "--io", SYNAPTIC_IO, "--threads", "1", "--engine", "wasm"];
    const right = await spikelet(folder, [...args, "--as", "snntorch"]);
    assert.equal(right.code, 0, right.stderr);
    assert.match(
      right.stdout,
      /^PASS .*\n.*\n {2}tensor +values +different +largest difference\n {2}lif1\.spikes/,
    );
    const wrong = await spikelet(folder, args);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, /^FAIL /);
    assert.match(
      wrong.stdout,
      /^lif1 differs first: step 1, sample 0, unit 5: a potential of 0, expected 1\.0659\d+$/m,
    );
    const { tensors } = parseSafetensors(await Deno.readFile(SYNAPTIC_IO), "io");
    const spikes = tensors.get("lif2.spikes")!;
    assert.ok(spikes.dtype === "F32");
    spikes.data[(17 * 3 + 2) * 6 + 4]! += 1;
    const io = join(folder, "io.safetensors");
    await Deno.writeFile(io, serializeSafetensors([["x", tensors.get("x")!], ["lif2.spikes", spikes]]));
    const changed = await failureOf(folder, ["verify", SYNAPTIC, "--io", io, "--as", "snntorch"]);
    assert.match(changed, /^lif2 differs first: step 17, sample 2, unit 4: \d spikes?, expected \d$/m);
  });
});

/** What a command that fails says. */
async function failureOf(folder: string, args: readonly string[]): Promise<string> {
  const { code, stdout } = await spikelet(folder, [...args, "--threads", "1"]);
  assert.equal(code, 1);
  return stdout;
}

Deno.test("import and verify refuse what makes no sense in one line", async () => {
  await inTemporaryFolder(async (folder) => {
    const cases: [args: string[], code: number, message: RegExp][] = [
      [["import"], 2, /^import: expected FILE\.nir, or --state FILE\.safetensors/],
      [["import", "no.nir"], 1, /^no\.nir: no such file/],
      [
        ["import", nirPath("odd/truncated.nir")],
        1,
        /truncated\.nir: 17529 bytes, but its header promises 29216/,
      ],
      [["import", SYNAPTIC, "--nir", '{"tau":1}'], 2, /^--nir: tau: unknown: expected dt, method, /],
      [["import", SYNAPTIC, "--nir", "dt=1"], 2, /^--nir "dt=1": this is no JSON: /],
      [
        ["import", SYNAPTIC, "--dt", "1"],
        1,
        /node lif1 \(CubaLIF\): tau_mem: 0\.00066\d+: expected dt \(1\) or more/,
      ],
      [["import", SYNAPTIC, "--map", "a.json"], 2, /^--map: means nothing beside a NIR file/],
      [["import", "--state", "a.safetensors", "--dt", "1"], 2, /^--dt: means nothing beside --state/],
      [["verify", SYNAPTIC], 2, /expected --io FILE beside it/],
      [["verify", SYNAPTIC, "--io", SYNAPTIC], 1, /its header is said to have/],
      [["verify", SYNAPTIC_IO, "--dt", "1"], 2, /^--dt: means nothing without a NIR file/],
    ];
    for (const [args, code, message] of cases) {
      const outcome = await spikelet(folder, args);
      assertOneLine(outcome, code, message);
    }
  });
});

Deno.test("export --to nir writes what import reads again to the same answers", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeData(folder);
    const spec = network({
      inputs: 12,
      steps: 20,
      layers: [
        layer(16, lif({ decay: 0.8, reset: "zero", threshold: 0.5 }), { recurrent: true }),
        layer(7, lif({ reset: "zero", threshold: 0.4 })),
      ],
      readout: { from: "spikes", reduce: "sum" },
    });
    const run = join(folder, "runs", "mine");
    await Deno.mkdir(run, { recursive: true });
    const model = { spec, parameters: initialParameters(spec, 3), metadata: {} };
    await Deno.writeFile(join(run, "model.safetensors"), encodeModel(model));
    const { code, stdout, stderr } = await spikelet(folder, ["export", "mine", "--to", "nir"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      stdout,
      /^runs.mine\.nir: [\d,]+ bytes\nsnnTorch, Norse and SpikingJelly run it to the same spikes/m,
    );
    await spikelet(folder, ["export", "mine", "--to", "nir"]); // over its own file
    const own = ["--data", "data", "--threads", "1"];
    const imported = await spikeletJson(folder, ["import", join("runs", "mine.nir")]);
    assert.deepEqual([imported.assumed, imported.warnings], [[], []]);
    const [before, after] = [
      recordOf((await spikeletJson(folder, ["evaluate", "mine", ...own])).test),
      recordOf((await spikeletJson(folder, ["evaluate", join("runs", "mine.safetensors"), ...own])).test),
    ];
    assert.deepEqual([after.correct, after.total], [before.correct, before.total]);
    assert.ok(Math.abs(Number(after.loss) - Number(before.loss)) < 1e-5);

    await Deno.copyFile(RECURRENT, join(folder, "runs", "theirs.nir"));
    const over = await spikelet(folder, [
      "export",
      "mine",
      "--to",
      "nir",
      "--out",
      join("runs", "theirs.nir"),
    ]);
    assertOneLine(
      over,
      1,
      /theirs\.nir: this file is there already, and is not a NIR file that Spikelet wrote/,
    );
    const wrong = await spikelet(folder, ["export", "mine", "--to", "nir", "--single-step"]);
    assertOneLine(wrong, 2, /^--single-step: means nothing for --to nir: leave it out/);
  });
});
