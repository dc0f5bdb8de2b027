/**
 * What to try next: what was measured, and the command that acts on it.
 *
 * A step is there only where a number of this run asks for it, and its command is one that `train` accepts: the run's own with options
 * changed that its preset takes. A run whose command was not recorded has the reasons alone.
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { chanceOf } from "../network/loss.ts";
import { kindOf } from "../network/neurons.ts";
import { structureOf } from "../network/structure.ts";
import { RUNS } from "../runs/run_folder.ts";
import { parseOptions, type RecordedOptions } from "../runs/run_options.ts";
import { count, counted, loss as writeLoss, short } from "../text/figures.ts";
import { MANY_SATURATED, MANY_SILENT, OFTEN } from "../training/diagnosis.ts";
import { type LearningStatus, learningStatusOf } from "../training/guessing.ts";
import { PRESETS } from "../training/presets.ts";
import { changeCommand, type ChangedOptions } from "./changed_command.ts";
import type { Findings } from "./findings.ts";
import { epochMeans, pointsOf } from "./learning.ts";
import { scoreOf } from "./predictions.ts";
import { rateFigures } from "./rates.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { commandInWords } from "./run_facts.ts";
import { silenceOf } from "./summary.ts";
import { percent } from "./words.ts";

/** A thing to try. */
export interface NextStep {
  /** What was measured, and what may help: a sentence. */
  readonly reason: string;
  /** The command that does so; missing where the run's own is not known. */
  readonly command?: string;
}

/** Steps that are shown. */
const MOST_STEPS = 3;
/** A loss still falls if the last fifth of the batches lies so much below the fifth before. */
const FALLING = 0.05;
/** Batches below which a fifth of them says little. */
const LEAST_BATCHES = 10;
/** Training is ahead of the test set by so much accuracy at least, and with so many times fewer mistakes. */
const AHEAD = 0.02, FEWER_MISTAKES = 1.5;
/** Training ran away if the test loss is so many times guessing's. */
const RAN_AWAY = 1.5;
/** Validation has become worse if its loss is so many times the least one. */
const WORSE = 1.05;

/** What a run offers to change. */
interface Changeable {
  readonly options: RecordedOptions;
  /** Undefined where it was not recorded, or is no `train`. */
  readonly command: readonly string[] | undefined;
}

/** The steps, the most pressing first. */
export function nextSteps(run: RecordedRun, findings: Findings | undefined): NextStep[] {
  const { metadata, name, directory } = run;
  if (!metadata) return [];
  if (metadata.state === "interrupted" && directory === join(RUNS, name)) {
    return [{
      reason: "Training was interrupted: it goes on from where it stopped, to the same weights.",
      command: commandInWords(["train", "--resume", name]),
    }];
  }
  const changeable = changeableOf(run);
  if (!changeable || !findings || !run.model) return [];
  const status = statusOf(changeable, findings);
  // Of what has learned nothing, more of the same is no remedy.
  const others = status === "guessing" ? [] : [
    ...overfitting(run, changeable, findings),
    ...heldOut(run, changeable),
    ...stillFalling(run, changeable),
  ];
  const steps = [...illnesses(changeable, findings), ...others];
  return (steps.length > 0 ? steps : [anotherSeed(changeable)]).slice(0, MOST_STEPS);
}

function changeableOf({ metadata }: RecordedRun): Changeable | undefined {
  try {
    const command = metadata?.command;
    return {
      options: parseOptions(metadata?.options, "run.json"),
      command: command?.[0] === "train" ? command : undefined,
    };
  } catch (error) {
    if (error instanceof InputError) return undefined; // of another version: its options may mean something else
    throw error;
  }
}

/** A step; without its command where the run's own is not known. */
function step({ command }: Changeable, reason: string, options: ChangedOptions): NextStep {
  return { reason, ...(command && { command: commandInWords(changeCommand(command, options)) }) };
}

function statusOf({ options: { spec } }: Changeable, { predictions }: Findings): LearningStatus {
  return learningStatusOf(
    scoreOf(predictions),
    chanceOf(spec.loss, structureOf(spec).classes, predictions.labels),
  );
}

/** What keeps a network from learning: silence, saturation, steps that are too long. */
function illnesses(changeable: Changeable, findings: Findings): NextStep[] {
  const { options: { spec } } = changeable, { predictions, recordings } = findings;
  const silence = silenceOf(spec, recordings), status = statusOf(changeable, findings);
  const isSilent = silence !== undefined && silence.silent > MANY_SILENT * silence.units;
  const { loss } = predictions;
  const chance = chanceOf(spec.loss, structureOf(spec).classes, predictions.labels).loss;
  // Where training ran away, units are silent or saturated because of that.
  if (status === "guessing" && loss > RAN_AWAY * chance) return [notLearning(changeable, loss, chance)];
  const activity = [
    ...(isSilent ? louder(changeable, `${count(silence.silent)} of ${count(silence.units)}`) : []),
    ...saturation(changeable, recordings),
  ];
  return [
    ...activity,
    ...(status === "guessing" && activity.length === 0 ? [notLearning(changeable, loss, chance)] : []),
    ...(status === "sure of wrong answers"
      ? [step(
        changeable,
        `Where it is wrong it is far too sure (loss ${writeLoss(loss)}, guessing ${
          writeLoss(chance)
        }): shorter steps.`,
        { "--learning-rate": tenth(changeable.options) },
      )]
      : []),
  ];
}

/** Whether the run's preset takes `--threshold`; a network from a file takes none of the options of networks. */
function takesThreshold({ options: { model }, command }: Changeable): boolean {
  if (command?.includes("--network")) return false;
  const preset = Object.entries(PRESETS).find(([name]) => name === model)?.[1];
  const takes: readonly string[] = preset?.takes ?? [];
  return takes.includes("threshold");
}

/** The threshold of the hidden layers, if they have one of their own. */
function thresholdOf({ options: { spec } }: Changeable): number | undefined {
  const neuron = structureOf(spec).hidden.find(({ isSpiking }) => isSpiking)?.neuron;
  return neuron && "threshold" in neuron ? neuron.threshold : undefined;
}

/** More units that fire: by their first weights, then by their threshold. */
function louder(changeable: Changeable, silent: string): NextStep[] {
  const { startRate, spec } = changeable.options, said = `${silent} hidden units are silent`;
  if (spec.steps === 1) return []; // without steps there are no potentials to charge
  if (startRate === undefined) {
    return [step(changeable, `${said}: first weights scaled until units fire keep more of them alive.`, {
      "--init": "rate",
    })];
  }
  const steps: NextStep[] = [];
  if (startRate < 0.25) {
    steps.push(
      step(
        changeable,
        `${said}: let a quarter of the units fire at a step when training begins, not ${
          percent(startRate, 0)
        }.`,
        { "--init-rate": "0.25" },
      ),
    );
  }
  const threshold = thresholdOf(changeable);
  if (takesThreshold(changeable) && threshold !== undefined && threshold > 0) {
    steps.push(
      step(changeable, `${said}: a threshold half as high is reached sooner.`, {
        "--threshold": short(threshold / 2),
      }),
    );
  }
  return steps;
}

function saturation(changeable: Changeable, { layers }: Findings["recordings"]): NextStep[] {
  // Of a neuron that fires several spikes a step, their number still tells something.
  const hidden = new Set(
    structureOf(changeable.options.spec).hidden.filter(({ neuron }) => !kindOf(neuron).firesMany(neuron))
      .map(({ index }) => index),
  );
  const threshold = thresholdOf(changeable);
  if (changeable.options.spec.steps === 1 || threshold === undefined || !takesThreshold(changeable)) {
    return [];
  }
  const layer = layers.filter(({ layer }) => hidden.has(layer)).map(({ units, rates }) => ({
    units,
    ...rateFigures(rates),
  })).find(({ units, saturated, mean }) => saturated.length > MANY_SATURATED * units || mean > OFTEN);
  if (!layer) return [];
  const { units, saturated, mean } = layer;
  const what = saturated.length > MANY_SATURATED * units
    ? `${count(saturated.length)} of ${counted(units, "unit")} of a layer fire at nearly every step`
    : `The units of a layer fire at ${percent(mean, 0)} of the steps`;
  return [
    step(changeable, `${what} and so tell little: a higher threshold.`, {
      "--threshold": short(threshold > 0 ? 2 * threshold : threshold + 1),
    }),
  ];
}

/** A loss of guessing: steps that were too long, or too few of them. */
function notLearning(changeable: Changeable, loss: number, chance: number): NextStep {
  const { step: { kind = "sgd" }, epochs } = changeable.options;
  const said = `The test loss, ${writeLoss(loss)}, is no better than guessing's, ${writeLoss(chance)}`;
  if (loss > RAN_AWAY * chance) {
    return step(changeable, `${said}: training ran away, so take shorter steps.`, {
      "--learning-rate": tenth(changeable.options),
    });
  }
  return kind === "sgd"
    ? step(changeable, `${said}: an optimizer whose steps do not follow the gradient's length.`, {
      "--momentum": null,
      "--optimizer": "adam",
      "--learning-rate": "0.001",
    })
    : step(changeable, `${said}: train longer.`, { "--epochs": String(Math.max(3, 2 * epochs)) });
}

function tenth({ step: { learningRate } }: RecordedOptions): string {
  return short(learningRate / 10);
}

/** Training that went on past the best epoch, or knows its samples by heart. */
function overfitting(
  run: RecordedRun,
  changeable: Changeable,
  { samples, predictions }: Findings,
): NextStep[] {
  const { options } = changeable,
    measured = run.epochs.flatMap(({ epoch, validation }) =>
      validation ? [{ epoch, loss: validation.loss }] : []
    );
  const steps: NextStep[] = [], last = measured.at(-1);
  const best = measured.reduce((least, each) => each.loss < least.loss ? each : least, measured[0]!);
  if (last && options.patience === undefined && best.epoch < last.epoch && last.loss > WORSE * best.loss) {
    steps.push(
      step(
        changeable,
        `The loss of the samples held back was the least after epoch ${best.epoch}, ${
          writeLoss(best.loss)
        }, and ends at ${writeLoss(last.loss)}: stop there.`,
        { "--epochs": String(best.epoch) },
      ),
    );
  }
  const train = epochMeans(run.metrics).at(-1)?.accuracy, test = scoreOf(predictions).accuracy;
  if (train === undefined || train - test < AHEAD || 1 - test < FEWER_MISTAKES * (1 - train)) return steps;
  const said = `It names ${percent(train)} of its own training samples rightly, and ${
    percent(test)
  } of the test set: it learns them by heart.`;
  const isAugmented = Object.values(options.augmentation ?? {}).some((size) => size > 0);
  if (samples.picture && !isAugmented) {
    steps.push(step(changeable, `${said} Pictures that are shifted anew each time keep it from that.`, {
      "--augment": "shift",
    }));
  } else if ((options.step.weightDecay ?? 0) === 0) {
    steps.push(step(changeable, `${said} Smaller weights keep it from that.`, { "--weight-decay": "0.01" }));
  }
  return steps;
}

/** Samples that `--limit` left out. */
function heldOut({ metadata }: RecordedRun, changeable: Changeable): NextStep[] {
  const { limit, validation = 0 } = changeable.options, used = metadata?.result?.trainSamples;
  // Of fewer samples than the limit there were no more.
  if (limit === undefined || used === undefined || used < Math.floor(limit * (1 - validation))) return [];
  return [
    step(changeable, `It learned from ${counted(used, "sample")} alone, for --limit left the others out.`, {
      "--limit": null,
    }),
  ];
}

/** A loss that had not come to rest. */
function stillFalling(run: RecordedRun, changeable: Changeable): NextStep[] {
  const { options } = changeable, { metadata, name, directory, epochs } = run;
  const losses = pointsOf(run.metrics).map(({ loss }) => loss), fifth = Math.floor(losses.length / 5);
  if (losses.length < LEAST_BATCHES || metadata?.state !== "finished") return [];
  const meanOf = (part: readonly number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  const [before, after] = [meanOf(losses.slice(-2 * fifth, -fifth)), meanOf(losses.slice(-fifth))];
  const fall = 1 - after / before;
  // Early stopping ended the run, or what was held back no longer gets better.
  const held = epochs.map(({ validation }) => validation?.loss).filter((loss) => loss !== undefined);
  if (!(fall >= FALLING) || options.patience !== undefined || held.some((loss) => loss < held.at(-1)!)) {
    return [];
  }
  const more = String(Math.max(3, 2 * options.epochs));
  const reason = `The loss still fell at the end, by ${
    percent(fall, 0)
  } from one fifth of the batches to the next: train longer.`;
  // A finished run goes on from its last weights, but not where its learning rate has been led down to nothing.
  return options.schedule?.kind === "cosine" || directory !== join(RUNS, name)
    ? [step(changeable, reason, { "--epochs": more })]
    : [{ reason, command: commandInWords(["train", "--resume", name, "--epochs", more]) }];
}

/** Where nothing stands out. */
function anotherSeed(changeable: Changeable): NextStep {
  return step(
    changeable,
    "Nothing stands out. Another seed tells how much of this result is chance.",
    { "--seed": String(changeable.options.seed + 1) },
  );
}
