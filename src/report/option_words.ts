/** A run's options and results in words: what `step.learningRate` and its value mean. */
import { count, counted, duration, loss, mebibytes } from "../text/figures.ts";
import { PRESETS } from "../training/presets.ts";
import { percent } from "./words.ts";

/** How an option, or a result, is called, and how its value is written. */
interface Words {
  readonly name: string;
  /** Writes a number; other values stand as they are. */
  readonly write?: (value: number) => string;
  /** What values mean that are words. */
  readonly values?: Readonly<Record<string, string>>;
}

const YES_NO = { true: "yes", false: "no" };
const orNone = (write: (value: number) => string) => (value: number) => value === 0 ? "none" : write(value);
const upTo = (write: (value: number) => string) => orNone((value) => `up to ${write(value)}`);
const plain = (value: number) => String(value);
const batches = (value: number) => value === 1 ? "1 batch" : `${count(value)} batches`;
const share = (value: number) => percent(value).replace(/\.?0+(?=\s%)/, "");

const summaries = Object.fromEntries(
  Object.entries(PRESETS).map(([name, { summary }]) => [name, `${name}: ${summary}`]),
);

/** By their paths in `run.json`. */
const WORDS: Readonly<Record<string, Words>> = {
  // Options.
  model: { name: "network", values: summaries },
  epochs: { name: "epochs", write: count },
  batchSize: { name: "samples of a batch", write: count },
  "step.kind": { name: "optimizer", values: { sgd: "SGD", adam: "Adam", adamw: "AdamW" } },
  "step.learningRate": { name: "learning rate" },
  "step.momentum": { name: "momentum", write: orNone(plain) },
  "step.weightDecay": { name: "weight decay", write: orNone(plain) },
  "step.beta1": { name: "Adam's β₁, of the gradient's mean" },
  "step.beta2": { name: "Adam's β₂, of the squared gradient's mean" },
  "step.epsilon": { name: "Adam's ε" },
  "step.clip": { name: "largest norm of a gradient" },
  "step.ema": { name: "decay of the moving average of weights" },
  "schedule.kind": {
    name: "schedule of the learning rate",
    values: {
      constant: "constant",
      cosine: "cosine: half a cosine down to 0",
      step: "step: lower after some epochs",
    },
  },
  "schedule.every": { name: "epochs until the learning rate is lower", write: count },
  "schedule.factor": { name: "factor of a lower learning rate" },
  "schedule.warmUp": { name: "warm-up of the learning rate", write: orNone(batches) },
  "augmentation.shift": { name: "pictures are shifted", write: upTo((value) => counted(value, "pixel")) },
  "augmentation.rotate": { name: "pictures are rotated", write: upTo((value) => `${value}°`) },
  "augmentation.elastic": { name: "pictures are bent", write: orNone((value) => counted(value, "pixel")) },
  "augmentation.scale": { name: "pictures are scaled", write: upTo(share) },
  "augmentation.flip": { name: "pictures are mirrored", write: orNone((value) => `${share(value)} of them`) },
  "augmentation.crop": { name: "pictures are cropped", write: upTo((value) => counted(value, "pixel")) },
  "augmentation.cutout": {
    name: "a square is cut out of pictures",
    write: orNone((value) => `${counted(value, "pixel")} a side`),
  },
  startRate: {
    name: "first weights are scaled",
    write: (value) => `until ${share(value)} of the units fire at a step`,
  },
  seed: { name: "seed of weights, order and noise" },
  threads: { name: "threads", write: count },
  engine: {
    name: "engine",
    values: { wasm: "WASM, on the CPU", webgpu: "WebGPU", hybrid: "WebGPU and WASM", auto: "the fastest" },
  },
  gpuMemory: { name: "most memory of the GPU", write: (value) => `${count(value)} MiB` },
  precision: {
    name: "numbers in the product with noise",
    values: { f32: "32-bit floats", i16: "16-bit integers" },
  },
  skip: { name: "units that cannot fire are left out", values: YES_NO },
  tune: { name: "kernels are those that are the fastest here", values: YES_NO },
  limit: { name: "training samples used", write: (value) => `the first ${count(value)} of the shuffled set` },
  validation: { name: "training samples held back", write: share },
  patience: {
    name: "training ends early",
    write: (value) => `after ${counted(value, "epoch")} without a better one`,
  },
  checkpointEvery: { name: "checkpoint every", write: batches },
  data: { name: "data" },
  out: { name: "the model is also written to" },
  // The machine and results.
  state: { name: "state" },
  version: { name: "version of Spikelet" },
  error: { name: "error" },
  kernels: { name: "kernels" },
  "deno.deno": { name: "Deno" },
  "deno.v8": { name: "V8" },
  "deno.typescript": { name: "TypeScript" },
  trainedEpochs: { name: "epochs trained", write: count },
  modelEpoch: { name: "epoch whose weights the model has", write: count },
  trainSamples: { name: "training samples", write: count },
  seconds: { name: "training time", write: duration },
  samplesPerSecond: { name: "samples a second", write: count },
  peakRssMiB: { name: "most memory used", write: (value) => mebibytes(value * 2 ** 20) },
  weightsSha256: { name: "SHA-256 of the weights" },
  testWord: { name: "a test sample is called" },
  warnings: { name: "warnings" },
  classes: { name: "classes" },
  ...scoreWords("train", "training samples, in the last epoch"),
  ...scoreWords("validation", "samples held back"),
  ...scoreWords("test", "test set"),
};

function scoreWords(path: string, of: string): Record<string, Words> {
  return {
    [`${path}.loss`]: { name: `loss, ${of}`, write: loss },
    [`${path}.accuracy`]: { name: `accuracy, ${of}`, write: (value) => percent(value) },
    [`${path}.correct`]: { name: `named rightly, ${of}`, write: count },
    [`${path}.total`]: { name: `number, ${of}`, write: count },
  };
}

/** A session's value is called like the run's. */
const SESSION = /^sessions\.(\d+)\.(.+)$/;

/** A time, as `toISOString` writes it. */
const TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/;

/** An option, or a result, in words; what is not known stands as it is. */
export function optionInWords(
  [path, value]: readonly [path: string, value: string],
): [name: string, value: string] {
  const [, session, inner = ""] = SESSION.exec(path) ?? [];
  if (session !== undefined) {
    const [name, said] = inner.startsWith("from.")
      ? [`begins at ${inner.slice("from.".length)}`, value]
      : optionInWords([inner, value]);
    return [`session ${Number(session) + 1}: ${name}`, said];
  }
  if (TIME.test(value)) return [path, value.replace(TIME, "$1 $2 UTC")];
  const words = Object.hasOwn(WORDS, path) ? WORDS[path] : undefined;
  if (!words) return [path, value];
  const { name, write, values } = words, number = Number(value);
  if (values && Object.hasOwn(values, value)) return [name, values[value]!];
  return [name, write && value.trim() !== "" && Number.isFinite(number) ? write(number) : value];
}
