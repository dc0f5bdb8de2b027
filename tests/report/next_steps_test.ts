import assert from "node:assert/strict";
import { notebookNetwork } from "../../src/network/presets.ts";
import { changeCommand } from "../../src/report/changed_command.ts";
import type { Findings } from "../../src/report/findings.ts";
import { nextSteps } from "../../src/report/next_steps.ts";
import type { Predictions } from "../../src/report/predictions.ts";
import type { EpochMetrics, RecordedRun } from "../../src/report/recorded_run.ts";
import { type RecordedOptions, recordOptions } from "../../src/runs/run_options.ts";
import { parseMetadata } from "../../src/runs/run_metadata.ts";

const SPEC = notebookNetwork({ inputs: 4, hidden: 10, classes: 2, steps: 5 });

/** What is particular of a run; the rest is that of one about which nothing stands out. */
interface Case {
  readonly options?: Partial<RecordedOptions>;
  readonly command?: readonly string[] | null;
  readonly state?: string;
  /** Losses of the batches, one an epoch where `epochs` has one. */
  readonly losses?: readonly number[];
  /** Accuracy of training. */
  readonly training?: number;
  readonly validation?: readonly number[];
  readonly directory?: string;
  readonly trainSamples?: number;
  /** Of 100 test samples of two classes. */
  readonly correct?: number;
  readonly loss?: number;
  readonly rates?: readonly number[];
  readonly picture?: boolean;
}

const FLAT = new Array<number>(20).fill(0.5);

function stepsOf(given: Case): string[] {
  const options = recordOptions({
    model: "notebook",
    spec: SPEC,
    epochs: 4,
    batchSize: 10,
    step: { kind: "sgd", learningRate: 0.1, momentum: 0.5 },
    seed: 3,
    threads: 1,
    engine: "wasm",
    ...given.options,
  });
  const losses = given.losses ?? FLAT, { correct = 90 } = given;
  const run: RecordedRun = {
    name: "mine",
    directory: given.directory ?? "runs/mine",
    metadata: parseMetadata(
      JSON.stringify({
        state: given.state ?? "finished",
        options,
        ...(given.command !== null && { command: given.command ?? ["train", "--seed", "3"] }),
        result: {
          trainSamples: given.trainSamples ?? 1000,
          seconds: 1,
          test: { loss: 1, accuracy: 0.5 },
        },
      }),
      "run.json",
    ),
    metrics: losses.map((loss, i) => ({
      epoch: 1,
      batch: i + 1,
      samples: 10,
      loss,
      accuracy: given.training ?? 0.9,
      firingRate: 0.1,
    })),
    epochs: (given.validation ?? []).map((loss, i): EpochMetrics => ({
      epoch: i + 1,
      validation: { loss, accuracy: 0.5 },
    })),
    model: { spec: SPEC, parameters: new Map(), metadata: {} },
  };
  const labels = Uint8Array.from({ length: 100 }, (_, i) => i % 2);
  const predictions: Predictions = {
    names: ["0", "1"],
    labels,
    predicted: labels.map((label, i) => i < correct ? label : 1 - label),
    confidence: new Float32Array(100),
    spikes: new Int32Array(100),
    loss: given.loss ?? 0.3,
  };
  const rates = Float64Array.from(given.rates ?? new Array<number>(10).fill(0.1));
  const findings: Findings = {
    samples: {
      name: "t",
      count: 100,
      size: 4,
      features: new Uint8Array(400),
      labels,
      ...(given.picture && { picture: { rows: 2, columns: 2 } }),
    },
    predictions,
    recordings: {
      count: 100,
      layers: [{ layer: 0, units: 10, rates, ratesByClass: new Float64Array(20) }],
    },
    traced: [],
  };
  return nextSteps(run, findings).map(({ reason, command }) =>
    command === undefined ? reason : `${reason} $ ${command.replace(/^.*?(?=train )/, "")}`
  );
}

Deno.test("nextSteps() proposes another seed where nothing stands out", () => {
  assert.deepEqual(stepsOf({}), [
    "Nothing stands out. Another seed tells how much of this result is chance. $ train --seed 4",
  ]);
  // A program's run has no command: the reason stands alone.
  assert.deepEqual(stepsOf({ command: null }), [
    "Nothing stands out. Another seed tells how much of this result is chance.",
  ]);
});

Deno.test("nextSteps() resumes what was interrupted", () => {
  const [step, ...others] = stepsOf({ state: "interrupted" });
  assert.match(step ?? "", /interrupted.* \$ train --resume mine$/);
  assert.deepEqual(others, []);
});

Deno.test("nextSteps() lets silent units fire: by first weights, then by their rate and threshold", () => {
  const rates = [0, 0, 0, 0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1];
  assert.deepEqual(stepsOf({ rates, command: ["train", "--init", "xavier", "--seed", "3"] }), [
    "4 of 10 hidden units are silent: first weights scaled until units fire keep more of them alive. $ train --seed 3 --init rate",
  ]);
  assert.deepEqual(
    stepsOf({ rates, options: { startRate: 0.1 } }).map((step) => step.replace(/^.*\$ /, "")),
    ["train --seed 3 --init-rate 0.25", "train --seed 3 --threshold 1"],
  );
  // A file describes the network: no option changes its threshold.
  assert.deepEqual(
    stepsOf({ rates, options: { startRate: 0.1, model: "net" }, command: ["train", "--network", "net.json"] })
      .map((step) => step.replace(/^.*\$ /, "")),
    ["train --network net.json --init-rate 0.25"],
  );
  // Three of ten are few enough.
  assert.match(stepsOf({ rates: [0, 0, 0, ...rates.slice(3).map(() => 0.1)] })[0]!, /^Nothing stands out/);
});

Deno.test("nextSteps() of a network that only guesses are about that alone", () => {
  const dead = stepsOf({
    rates: new Array(10).fill(0),
    correct: 50,
    loss: 0.6931,
    losses: [...FLAT, 0.1],
    picture: true,
  });
  assert.deepEqual(dead.length, 1);
  assert.match(dead[0]!, /^10 of 10 hidden units are silent.*--init rate$/);
  assert.match(
    stepsOf({ correct: 50, loss: 0.6931, command: ["train", "--momentum", "0.9"] })[0]!,
    /The test loss, 0\.6931, is no better than guessing's, 0\.6931: an optimizer .* \$ train --optimizer adam --learning-rate 0\.001$/,
  );
  assert.match(stepsOf({ correct: 50, loss: 9 })[0]!, /training ran away.* --learning-rate 0\.01$/);
  assert.match(
    stepsOf({ correct: 50, loss: 0.7, options: { step: { kind: "adam", learningRate: 0.001 } } })[0]!,
    /train longer\. \$ train --seed 3 --epochs 8$/,
  );
});

Deno.test("nextSteps() raises the threshold of saturated units", () => {
  assert.match(
    stepsOf({ rates: [1, ...new Array<number>(9).fill(0.1)] })[0]!,
    /^1 of 10 units of a layer fire at nearly every step and so tell little: a higher threshold\. \$ .*--threshold 4$/,
  );
  assert.match(
    stepsOf({ rates: new Array(10).fill(0.6) })[0]!,
    /^The units of a layer fire at 60\s% of the steps/,
  );
});

Deno.test("nextSteps() ends a run at its best epoch, and augments what is learned by heart", () => {
  assert.match(
    stepsOf({ validation: [0.5, 0.3, 0.31, 0.4] })[0]!,
    /least after epoch 2, 0\.3000, and ends at 0\.4000: stop there\. \$ .*--epochs 2$/,
  );
  assert.match(stepsOf({ validation: [0.5, 0.3, 0.31] })[0]!, /^Nothing stands out/);
  const apart = { training: 0.99, correct: 90 };
  assert.match(
    stepsOf({ ...apart, picture: true, command: ["train", "--augment", "none"] })[0]!,
    /It names 99\.00\s% of its own training samples rightly, and 90\.00\s% of the test set.* \$ train --augment shift$/,
  );
  assert.match(stepsOf(apart)[0]!, /Smaller weights .* --weight-decay 0\.01$/);
  const options = {
    augmentation: { shift: 1 },
    step: { kind: "adamw", learningRate: 0.001, weightDecay: 0.1 },
  } as const;
  assert.match(stepsOf({ ...apart, picture: true, options })[0]!, /^Nothing stands out/);
});

Deno.test("nextSteps() takes all samples where --limit left some out", () => {
  assert.match(
    stepsOf({
      options: { limit: 500 },
      trainSamples: 500,
      command: ["train", "--limit", "500", "--seed", "3"],
    })[0]!,
    /learned from 500 samples alone.* \$ train --seed 3$/,
  );
  assert.match(
    stepsOf({ options: { limit: 500, validation: 0.2 }, trainSamples: 400 })[0]!,
    /400 samples alone/,
  );
  // There were no more.
  assert.match(stepsOf({ options: { limit: 5000 }, trainSamples: 1000 })[0]!, /^Nothing stands out/);
});

Deno.test("nextSteps() trains on while the loss falls", () => {
  const losses = Array.from({ length: 20 }, (_, i) => 2 - 0.09 * i);
  const [step] = stepsOf({ losses });
  // Means of the batches 12 to 15 and 16 to 19: 0.785 and 0.425.
  assert.match(step!, /fell at the end, by 46\s% .*train longer\. \$ train --resume mine --epochs 8$/);
  // A cosine has led the learning rate down to nothing, and a run elsewhere cannot be resumed by its name.
  assert.match(
    stepsOf({ losses, options: { schedule: { kind: "cosine" } } })[0]!,
    /\$ train --seed 3 --epochs 8$/,
  );
  assert.match(stepsOf({ losses, directory: "/elsewhere/mine" })[0]!, /\$ train --seed 3 --epochs 8$/);
  assert.match(stepsOf({ losses, options: { epochs: 1 } })[0]!, /--epochs 3$/);
  // Where samples held back get no better, or too few batches were seen, more of the same is no remedy.
  assert.match(stepsOf({ losses, validation: [0.30, 0.31] })[0]!, /^Nothing stands out/);
  assert.match(stepsOf({ losses: losses.slice(0, 9) })[0]!, /^Nothing stands out/);
});

Deno.test("changeCommand() replaces options with their values, adds and removes them", () => {
  const command = ["train", "--limit", "5", "--recurrent", "--seed", "1", "--data", "--limit-like"];
  assert.deepEqual(changeCommand(command, { "--limit": null, "--seed": "2", "--epochs": "3" }), [
    ...["train", "--recurrent", "--data", "--limit-like", "--seed", "2", "--epochs", "3"],
  ]);
  assert.deepEqual(changeCommand(["train", "constructor"], {}), ["train", "constructor"]);
});
