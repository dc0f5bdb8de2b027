import assert from "node:assert/strict";
import { join } from "node:path";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { readModel } from "../../src/network/model_file.ts";
import { readNetwork } from "../../src/network/network_file.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { serializeSafetensors } from "../../src/network/safetensors.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inFolderWithData } from "./small_data.ts";
import { assertOneLine, inTurns, recordOf, spikelet, spikeletJson } from "./spikelet.ts";
import { withEncoder } from "../engine/network_cases.ts";

const DATA = ["train", "--data", "data", "--batch-size", "30", "--threads", "1"];

/** Trains briefly. @returns The network of the written model. */
async function trainedSpec(folder: string, name: string, args: readonly string[]): Promise<NetworkSpec> {
  await spikeletJson(folder, [...DATA, "--name", name, ...args]);
  return (await readModel(join(folder, "runs", name, "model.safetensors"))).spec;
}

Deno.test("train --network trains the network of a file, and evaluate gives its figures", async () => {
  await inFolderWithData(async (folder) => {
    const description = {
      inputs: 784,
      steps: 12,
      encoder: { kind: "constant" },
      layers: [
        {
          units: 24,
          recurrent: true,
          neuron: { kind: "lif", decay: 0.9, threshold: 0.5, trainable: ["decay", "threshold"] },
        },
        { units: 10, neuron: { kind: "integrator", decay: 0.8, trainable: ["decay"] } },
      ],
      readout: { reduce: "max" },
      loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 0.5 } },
    };
    await Deno.writeTextFile(join(folder, "deep lif.json"), JSON.stringify(description));
    const args = [
      "--network",
      "deep lif.json",
      "--epochs",
      "12",
      "--learning-rate",
      "0.002",
      "--momentum",
      "0.8",
    ];
    const run = await spikelet(folder, [...DATA, ...args, "--name", "lif"]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^deep-lif network 784-24-10, 12 steps: 12 epochs of 200 samples$/m);
    assert.match(
      run.stdout,
      /^ {2}deno task train --resume lif --epochs 14 +train on from here$/m,
    );
    const { spec, parameters } = await readModel(join(folder, "runs", "lif", "model.safetensors"));
    assert.deepEqual(
      structureOf(spec).populations[0]?.neuron,
      lif({ threshold: 0.5, trainable: ["decay", "threshold"] }),
    );
    assert.deepEqual([spec.readout, spec.loss], [
      { node: "neuron2", delay: 0, from: "state", reduce: "max", begin: 0 },
      description.loss,
    ]);
    assert.deepEqual([...parameters.keys()], [
      "fc1.weight",
      "fc1.bias",
      "rec1.weight",
      "neuron1.decay",
      "neuron1.threshold",
      "fc2.weight",
      "fc2.bias",
      "neuron2.decay",
    ]);
    const moved = (name: string, first: number) =>
      parameters.get(name)!.some((value) => Math.abs(value - first) > 1e-4);
    assert.ok(
      moved("neuron1.decay", 0.9) && moved("neuron1.threshold", 0.5) && moved("neuron2.decay", 0.8),
      "constants were learned",
    );
    const { test } = await spikeletJson(folder, ["evaluate", "lif", "--data", "data"]);
    const record = recordOf(JSON.parse(await Deno.readTextFile(join(folder, "runs", "lif", "run.json"))));
    assert.deepEqual(test, recordOf(record.result).test);
    assert.ok(Number(recordOf(test).accuracy) > 0.8, "bars at ten heights are easily learned");
    const again = await spikeletJson(folder, [...DATA, ...args, "--threads", "3"]);
    assert.match(String(again.name), /^deep-lif-\d{8}-\d{6}$/);
    assert.equal(again.weightsSha256, recordOf(record.result).weightsSha256, "threads change no bit");
  }, { train: 200, test: 50 });
});

Deno.test("train --network names the path of a fault in the file", async () => {
  await inFolderWithData(async (folder) => {
    const right = {
      inputs: 784,
      steps: 4,
      encoder: { kind: "constant" },
      layers: [
        { units: 5, neuron: { kind: "lif", decay: 0.9, threshold: 1 } },
        { units: 10, neuron: { kind: "integrator", decay: 0.9 } },
      ],
    };
    const changed = (change: (network: typeof right) => void) => {
      const copy = structuredClone(right);
      change(copy);
      return JSON.stringify(copy);
    };
    const cases: [text: string, message: RegExp][] = [
      [
        '{ "inputs": 784,\n  "steps": }',
        /^net\.json: not JSON: line 2, column 12: there is "}", expected a value: expected a network's description \(docs\/networks\.md\)$/m,
      ],
      [
        new TextDecoder().decode(serializeSafetensors([])),
        /^net\.json: this is a safetensors file, such as a model: expected a network's description/m,
      ],
      ["[]", /^net\.json: steps: it is missing/m],
      ["7", /^net\.json: the whole: /m],
      [
        changed((n) => Reflect.deleteProperty(n, "steps")),
        /^net\.json: steps: it is missing; docs\/networks\.md says what it is$/m,
      ],
      [
        changed((n) => Reflect.set(n, "step", 4)),
        /^net\.json: step: this version has no such name/m,
      ],
      [
        changed((n) => n.layers[0]!.neuron.decay = 1.5),
        /^net\.json: layers\.0\.neuron\.decay: 1\.5: expected at most 1$/m,
      ],
      [
        changed((n) => n.layers[1]!.neuron.kind = "lief"),
        /^net\.json: layers\.1\.neuron\.kind: "lief": expected one of "graded", "lif", "integrator"$/m,
      ],
      [
        changed((n) => Reflect.set(n.layers[0]!.neuron, "trainable", ["scale"])),
        /^net\.json: layers\.0\.neuron\.trainable\.0: /m,
      ],
      [
        changed((n) => Reflect.set(n.layers[0]!.neuron, "surrogate", { kind: "atan", slope: 0 })),
        /^net\.json: layers\.0\.neuron\.surrogate\.slope: /m,
      ],
      [
        changed((n) => Reflect.set(n.layers[1]!.neuron, "threshold", 1)),
        /^net\.json: layers\.1\.neuron\.threshold: this/m,
      ],
      [
        changed((n) => n.layers[1]!.units = 257),
        /^net\.json: readout\.node: neuron2 has 257 units, one a class: expected 1 to 256$/m,
      ],
      [
        changed((n) => Reflect.set(n, "readout", { begin: 4 })),
        /^net\.json: readout\.begin: 4, but there are 4 steps/m,
      ],
      [
        changed((n) => Object.assign(n, { steps: 0, inputs: "x" })),
        /^net\.json: inputs: "x": expected a number; steps: 0: expected at least 1$/m,
      ],
      [changed((n) => n.inputs = 700), /^net: its network takes 700 numbers a sample, .*but .* has 784: /m],
      [
        changed((n) => n.layers[1]!.units = 9),
        /^net: its network has 9 classes, but .* has label 9 at \d+: /m,
      ],
      [
        changed((n) => n.encoder.kind = "direct"),
        /^net: its network takes sequences of 4 steps of 784, for its encoder is direct, but /m,
      ],
    ];
    await Deno.writeTextFile(join(folder, "net.json"), JSON.stringify(right));
    for (const [text, message] of cases) {
      await Deno.writeTextFile(join(folder, "net.json"), text);
      assertOneLine(await spikelet(folder, [...DATA, "--network", "net.json"]), 1, message);
    }
    for (
      const [path, message] of [["none.json", /^none\.json: no such file/m], [
        "data",
        /^data: this is a folder/m,
      ]] as const
    ) {
      assertOneLine(await spikelet(folder, [...DATA, "--network", path]), 1, message);
    }
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort(), [
      "data",
      "net.json",
    ]);
  });
});

Deno.test("train --network reads files of Windows' editors and shells", async () => {
  await inTemporaryFolder(async (folder) => {
    const text =
      `{\r\n  "inputs": 2, "steps": 3, "layers": [{ "units": 2, "neuron": { "kind": "integrator" } }]\r\n}\r\n`;
    const utf16 = new Uint8Array(2 + 2 * text.length), view = new DataView(utf16.buffer);
    for (const [i, char] of ["\uFEFF", ...text].entries()) view.setUint16(2 * i, char.charCodeAt(0), true);
    for (
      const [i, bytes] of [`\uFEFF${text}`, text].map((each) => new TextEncoder().encode(each)).concat(utf16)
        .entries()
    ) {
      const path = join(folder, `${i}.json`);
      await Deno.writeFile(path, bytes);
      assert.deepEqual(
        await readNetwork(path),
        network({ inputs: 2, steps: 3, layers: [layer(2, integrator())] }),
      );
    }
  });
});

Deno.test("train's options give the same network as a description", async () => {
  await inFolderWithData(async (folder) => {
    const inputs = 784, steps = 5;
    const noise = { kind: "noise", offset: -0.5 } as const, constant = { kind: "constant" } as const;
    const cases: [args: string, expected: NetworkSpec][] = [
      [
        "--layers 7,6 --neuron lif --recurrent --encoder constant",
        network({
          inputs,
          steps,
          encoder: constant,
          layers: [
            layer(7, lif(), { recurrent: true }),
            layer(6, lif(), { recurrent: true }),
            layer(10, integrator()),
          ],
        }),
      ],
      [
        "--hidden 8 --neuron lif --decay 0.8 --threshold 0.5 --trainable threshold,decay --reset zero --surrogate boxcar " +
        "--slope 0.5 --read spikes --reduce sum --loss squared-error --rate-target 0.2 --rate-weight 3",
        (() => {
          const constants = {
            decay: 0.8,
            threshold: 0.5,
            reset: "zero",
            surrogate: { kind: "boxcar", slope: 0.5 },
          } as const;
          return network({
            inputs,
            steps,
            encoder: noise,
            layers: [
              layer(8, lif({ ...constants, trainable: ["threshold", "decay"] })),
              layer(10, lif(constants)),
            ],
            readout: { from: "spikes", reduce: "sum" },
            loss: { kind: "meanSquaredError", rate: { target: 0.2, weight: 3 } },
          });
        })(),
      ],
      [
        "--layers 9,8 --recurrent --trainable scale --reduce last --begin-eval 2 --penalty 1",
        (() => {
          const preset = notebookNetwork({ steps, beginEval: 2, penalty: 1 });
          const hidden = graded({ penalty: 1, trainable: ["scale"] });
          return network({
            inputs,
            steps,
            encoder: preset.input.encoder,
            layers: [
              layer(9, hidden, { delay: 1, recurrent: true }),
              layer(8, hidden, { delay: 1, recurrent: true }),
              layer(10, graded({ penalty: 1 }), { delay: 1 }),
            ],
            readout: { reduce: "last", begin: 2 },
          });
        })(),
      ],
      [
        "--hidden 6 --encoder latency",
        withEncoder(notebookNetwork({ hidden: 6, steps }), {
          ...{ kind: "latency", timing: "linear", threshold: 0.01, offset: 0 },
        }),
      ],
    ];
    await inTurns([...cases.entries()], async ([i, [args, expected]]) => {
      const spec = await trainedSpec(folder, `short-${i}`, ["--steps", "5", ...args.split(" ")]);
      assert.deepEqual(spec, expected, args);
    });
    const nameOf = async (...args: string[]) =>
      String((await spikeletJson(folder, [...DATA, "--steps", "3", ...args])).name);
    assert.match(await nameOf("--neuron", "lif"), /^lif-/);
    assert.match(await nameOf("--recurrent"), /^graded-/);
    assert.match(await nameOf("--hidden", "3"), /^notebook-/);
  });
});

Deno.test("train prints no start of hidden layers for a network without them", async () => {
  await inFolderWithData(async (folder) => {
    const layers = [{ units: 10, neuron: { kind: "integrator", decay: 0.9 } }];
    await Deno.writeTextFile(
      join(folder, "flat.json"),
      JSON.stringify({ inputs: 784, steps: 3, encoder: { kind: "constant" }, layers }),
    );
    const { code, stdout } = await spikelet(folder, [...DATA, "--network", "flat.json", "--name", "flat"]);
    assert.equal(code, 0);
    assert.match(stdout, /^flat network 784-10, 3 steps: .*\n.* threads?\ninto runs.flat$/m);
  });
});
