/**
 * Refused options: all of them by the program's parser in this process, some through the real command line.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createProgram } from "../../src/cli/command_line.ts";
import { allCommands } from "../../src/cli/commands.ts";
import { describeFailure } from "../../src/cli/failure.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { assertOneLine, inTurns, referencePath, spikelet } from "./spikelet.ts";

/** A refused command line and its message. */
type Refusal = readonly [args: readonly string[], message: RegExp];

/** Refused values of an option, with the same message about its range. */
function refusals(name: string, range: string, values: readonly string[], command = ["train"]): Refusal[] {
  const literal = range.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return values.map((
    value,
  ) => [
    [...command, name, value],
    new RegExp(`^${name} .*: expected .*${literal}( \\(Did you mean \\w+\\?\\))?$`, "m"),
  ]);
}

const NO_NUMBER = ["abc", "", "NaN", "1e999", "0x10", "Infinity", "1,000", " 1"];

const TRAIN: readonly Refusal[] = [
  ...refusals("--threads", "1 to 256", ["0", "257", "-1", "1.5", ...NO_NUMBER]),
  ...refusals("--epochs", "1 to 10,000", ["0", "10001", "-1", "2.5", "abc"]),
  ...refusals("--batch-size", "1 to 60,000", ["0", "60001", "-5", "1e3.5", ""]),
  ...refusals("--steps", "1 to 65,536", ["0", "65537", "-5", "12.5", "NaN"]),
  ...refusals("--hidden", "1 to 65,536", ["0", "65537", "-5", "x"]),
  ...refusals("--learning-rate", "above 0, at most 1,000", ["0", "-0.1", "1001", ...NO_NUMBER]),
  ...refusals("--momentum", "0 to less than 1", ["1", "-0.1", "nan", ""]),
  ...refusals("--optimizer", "sgd or adam or adamw", ["sdg", "", "Adam"]),
  ...refusals("--beta1", "0 to less than 1", ["1", "-0.1"]),
  ...refusals("--beta2", "0 to less than 1", ["1", "abc"]),
  ...refusals("--weight-decay", "0 or more", ["-1", "1e999"]),
  ...refusals("--clip", "above 0", ["0", "-1", "Infinity"]),
  ...refusals("--ema", "0 to less than 1", ["1", "-0.1", "abc"]),
  ...["--beta1", "--beta2"].map((option): Refusal => [
    ["train", option, "0.5"],
    new RegExp(`^${option}: means nothing for --optimizer sgd, which has --momentum: leave it out$`, "m"),
  ]),
  [
    ["train", "--optimizer", "adamw", "--momentum", "0.5"],
    /^--momentum: means nothing for --optimizer adamw, which has --beta1: leave it out$/m,
  ],
  ...refusals("--init", "xavier or rate", ["he", ""]),
  ...refusals("--init-rate", "above 0, less than 1", ["0", "1", "abc"]),
  [
    ["train", "--init", "xavier", "--init-rate", "0.1"],
    /^--init-rate: means nothing for --init xavier: leave it out, or say --init rate$/m,
  ],
  ...refusals("--augment", "each once, such as shift,rotate=15", [
    "",
    "mirror",
    "shift,shift",
    "shift=1=2",
    ",shift",
  ]),
  [["train", "--augment", "shift,rotate=200"], /^--augment rotate 200: expected a number, 0 to 180$/m],
  [["train", "--augment", "scale=1"], /^--augment scale 1: expected a number, 0 to 0\.9$/m],
  [["train", "--augment", "crop=1.5"], /^--augment crop 1\.5: expected a whole number, 0 to 1,000$/m],
  [["train", "--augment", "shift="], /^--augment shift "": expected a number, 0 to 1,000$/m],
  ...refusals("--decay", "0 to 1", ["1.01", "-0.1", "--", "1e999"]),
  ...refusals("--threshold", "any finite one", ["Infinity", "-1e999", "1e39", "abc"]),
  ...refusals("--penalty", "0 or more", ["-1", "1e999", "abc"]),
  ...refusals("--begin-eval", "0 to 127, for there are 128 --steps", ["128"]),
  ...refusals("--begin-eval", "0 to --steps less 1", ["-1", "1.5", "abc"]),
  ...refusals("--seed", "0 to 2^53 - 1", ["-1", "0.5", "9007199254740992", "0x10", ""]),
  ...refusals("--limit", "1 to 2^53 - 1", ["0", "-1", "1e999", "abc"]),
  ...refusals("--schedule", "constant or cosine or step", ["linear", ""]),
  ...refusals("--drop-every", "1 to 10,000", ["0", "10001"]),
  ...refusals("--drop-factor", "above 0, below 1", ["0", "1", "x"]),
  ...refusals("--warm-up", "0 to 2^53 - 1", ["-1", "0.5"]),
  ...refusals("--validation", "above 0, below 1", ["0", "1", "-0.1", "all"]),
  ...refusals("--patience", "1 to 10,000", ["0", "1.5"]),
  ...refusals("--checkpoint-every", "1 to 2^53 - 1", ["0", "x"]),
  [["train", "--drop-every", "2"], /^--drop-every: means nothing without --schedule step: leave it out$/m],
  [["train", "--drop-factor", "0.5", "--schedule", "cosine"], /^--drop-factor: means nothing without/m],
  ...refusals("--resume", "no dot or dash first", ["../x", "a/b", ".."]),
  ...[
    "--seed 1",
    "--name x",
    "--batch-size 10",
    "--model feed-forward",
    "--learning-rate 1",
    "--validation 0.5",
  ]
    .map(
      (option): Refusal => [
        ["train", "--resume", "x", ...option.split(" ")],
        new RegExp(`^${option.split(" ")[0]}: not beside --resume: .*: leave it out$`, "m"),
      ],
    ),
  ...refusals(
    "--model",
    "notebook or feed-forward or tuned or tuned-centred or wide or fast or lif or conv or conv-wide or tutorial",
    [
      "sead",
      "",
      "Seed",
    ],
  ),
  ...refusals("--engine", "auto or wasm or hybrid or webgpu", ["gpu", ""]),
  ...refusals("--gpu-memory", "1 to 1,048,576", ["0", "1.5", "1048577", "all"]),
  ...refusals("--precision", "f32 or i16", ["f64", "", "F32"]),
  ...refusals("--layers", "each 1 to 65,536", ["", "0", "10,", "65537", "1.5"]),
  ...refusals("--neuron", "graded or lif", ["integrator"]),
  ...refusals("--trainable", "each once, with commas between them", ["beta", "decay,decay"]),
  ...refusals("--reset", "subtract or zero or none or subtractLate or zeroLate", ["hard"]),
  ...refusals("--surrogate", "atan or fastSigmoid or triangle or boxcar", ["sigmoid"]),
  ...refusals("--slope", "above 0", ["0"]),
  ...refusals("--encoder", "noise or poisson or latency or constant", ["direct"]),
  ...refusals("--read", "state or spikes", ["potential"]),
  ...refusals("--reduce", "mean or sum or max or last", ["average"]),
  ...refusals("--loss", "cross-entropy or squared-error", ["mse"]),
  ...refusals("--rate-target", "0 to 1", ["1.1"]),
  ...refusals("--rate-weight", "0 or more", ["-1"]),
  ...refusals("--network", "a path", [""]),
  [
    ["train", "--layers", "5,5", "--hidden", "5"],
    /^--hidden: means nothing with --layers, .*: leave it out$/m,
  ],
  [["train", "--rate-weight", "1"], /^--rate-weight: means nothing without --rate-target: give both, or/m],
  [
    ["train", "--rate-target", "0.1"],
    /^--rate-target: means nothing for graded neurons, .* say --neuron lif/m,
  ],
  [["train", "--reset", "zero"], /^--reset: means nothing for graded neurons: leave it out$/m],
  [
    ["train", "--neuron", "lif", "--penalty", "1"],
    /^--penalty: means nothing for lif neurons: leave it out$/m,
  ],
  [
    ["train", "--neuron", "lif", "--trainable", "scale"],
    /^--trainable scale: lif neurons .* expected decay or threshold or start$/m,
  ],
  [
    ["train", "--neuron", "lif", "--encoder", "constant", "--precision", "i16"],
    /^--precision: means nothing for this network, whose inputs have no noise: leave it out$/m,
  ],
  ...["--layers=5", "--neuron=lif", "--recurrent", "--encoder=constant"].map((option): Refusal => [
    ["train", "--model", "feed-forward", option],
    new RegExp(`^${option.split("=")[0]}: means nothing for --model feed-forward, .*: leave it out$`, "m"),
  ]),
  ...["--model=feed-forward", "--layers=5", "--steps=4", "--begin-eval=1", "--recurrent"].map((
    option,
  ): Refusal => [
    ["train", "--network", "no/such/file.json", option],
    new RegExp(
      `^${
        option.split("=")[0]
      }: means nothing with --network, whose file says it: change \\S+, or leave the option out$`,
      "m",
    ),
  ]),
  [
    ["train", "--model", "feed-forward", "--precision", "i16"],
    /^--precision: means nothing for --model feed-forward, .*: leave it out$/m,
  ],
  ...refusals("--data", "a path", [""]),
  ...refusals("--out", "a path", [""]),
  ...refusals("--name", "no dot or dash first", [
    "../x",
    "a/b",
    ".",
    "..",
    "-x",
    "a b",
    "x".repeat(101),
    "ü",
  ]),
  [["train", "--steps=-5"], /^--steps -5: expected a whole number, 1 to 65,536$/m],
  [["train", "--steps", "4", "--begin-eval", "4"], /^--begin-eval 4: expected a whole number, 0 to 3, /m],
  [["train", "--steps", "four\nsteps"], /^--steps "four\\nsteps": expected a whole number/m],
  ...["--steps", "--decay", "--threshold", "--penalty", "--begin-eval"].map((option): Refusal => [
    ["train", "--model", "feed-forward", option, "1"],
    new RegExp(`^${option}: means nothing for --model feed-forward, .*: leave it out$`, "m"),
  ]),
  [["train", "--steps"], /^option '--steps <number>' argument missing$/m],
  [["train", "extra"], /^too many arguments for 'train'/m],
  [["train", "--stpes", "5"], /^unknown option '--stpes' \(Did you mean --steps\?\)$/m],
  [["train", "--learningrate", "1"], /^unknown option '--learningrate' \(Did you mean --learning-rate\?\)$/m],
  [["train", "--zzzzzz"], /^unknown option '--zzzzzz': --help lists what there is$/m],
];

const OTHERS: readonly Refusal[] = [
  [["train", "--model", "notebok"], /^--model notebok: expected .* \(Did you mean notebook\?\)$/m],
  [["trian"], /^unknown command 'trian' \(Did you mean train\?\)$/m],
  [["xyz"], /^unknown command 'xyz': --help lists what there is$/m],
  [["--vresion"], /^unknown option '--vresion' \(Did you mean --version\?\)$/m],
  ...refusals("--seeds", "1 to 1,000", ["0", "1001", "-1", "abc"], ["compare"]),
  [
    ["compare", "--seed", "9007199254740991"],
    /^--seed 9007199254740991: expected at most 9,007,199,254,740,987, /m,
  ],
  [["compare", "--model", "feed-forward"], /^unknown option '--model'/m],
  [["compare", "--begin-eval", "128"], /^--begin-eval 128: expected a whole number, 0 to 127, /m],
  ...refusals("--threads", "1 to 256", ["0"], ["evaluate", "x"]),
  ...refusals("--seed", "0 to 2^53 - 1", ["-1"], ["evaluate", "x"]),
  [["evaluate", "a", "b"], /^too many arguments for 'evaluate'/m],
  [["verify"], /^missing required argument 'file'$/m],
  ...refusals("--threads", "1 to 256", ["0"], ["verify", referencePath("small")]),
  ...refusals("--engine", "auto or wasm or hybrid or webgpu", ["webgl"], ["verify", referencePath("small")]),
  ...refusals("--variant", "plain or relaxed", ["fast"], ["verify", referencePath("small")]),
  [["info", "--threads", "1"], /^unknown option '--threads'/m],
  [["runs", "shwo"], /^runs shwo: expected show or rm, or no word to list all runs$/m],
  [["runs", "show"], /^missing required argument 'name'$/m],
  [["runs", "show", "../x"], /^run "..\/x": expected 1 to 100 letters/m],
  [["runs", "rm"], /^missing required argument 'name'$/m],
];

/** The message about the current folder. */
const HERE: readonly Refusal[] = [
  [["evaluate"], /^evaluate: expected a run, and there is none yet: deno task train makes one$/m],
];

/** The error of these arguments. An option that is not refused trains on one sample and writes its model to the folder. */
async function failureOf([command = "", ...args]: readonly string[], folder: string) {
  const isRun = command === "train" && args.length > 1 && !args.includes("--resume");
  const least = isRun ? ["--limit", "1", "--epochs", "1", "--out", `${folder}/let_through.safetensors`] : [];
  try {
    await createProgram(allCommands()).parseAsync([command, ...least, ...args], { from: "user" });
  } catch (error) {
    return describeFailure(error);
  }
  return { message: "", exitCode: 0 };
}

for (const [name, refused] of [["train", TRAIN], ["the other commands", OTHERS]] as const) {
  Deno.test(`${name} refuses options out of range with one line, and writes nothing`, async () => {
    await inTemporaryFolder(async (folder) => {
      for (const [args, message] of refused) {
        const failure = await failureOf(args, folder);
        assert.match(failure.message, message);
        assert.ok(!failure.message.includes("\n"), failure.message);
        assert.equal(failure.exitCode, 2, failure.message);
      }
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    });
  });
}

Deno.test("a refused command line exits 2 with one line on standard error, and writes nothing", async () => {
  const sample = [...TRAIN.filter((_, i) => i % 60 === 0), ...OTHERS.filter((_, i) => i % 9 === 0), ...HERE];
  await inTemporaryFolder(async (folder) => {
    await inTurns(sample, async ([args, message]) => {
      assertOneLine(await spikelet(folder, args), 2, message);
    });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("the program without a command exits 2 and prints its help on standard error", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, []);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^Usage: spikelet /);
  });
});
