/**
 * Recipes of the page: a preset's recipe, with batch size and epochs for a few thousand digits and about a minute.
 *
 * @module
 */
import type { Model } from "../../src/network/model_file.ts";
import { type PresetName, presetOf, PRESETS } from "../../src/training/presets.ts";
import type { Update } from "../../src/engine/engine.ts";
import { OPTIMIZER_DEFAULTS } from "../../src/engine/optimizer.ts";
import { DEFAULT_RATE } from "../../src/training/scaled_start.ts";
import type { Schedule } from "../../src/training/schedule.ts";
import type { Recipe } from "./protocol.ts";

/** What a user can set; the rest is the preset's. */
export interface Settings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

const BATCHES: Readonly<Record<PresetName, { readonly epochs: number; readonly batchSize: number }>> = {
  notebook: { epochs: 4, batchSize: 100 },
  "feed-forward": { epochs: 6, batchSize: 50 },
  tuned: { epochs: 8, batchSize: 50 },
  "tuned-centred": { epochs: 8, batchSize: 50 },
  wide: { epochs: 6, batchSize: 50 },
  fast: { epochs: 6, batchSize: 50 },
  lif: { epochs: 6, batchSize: 50 },
};

/** The preset of a name, if it is one. */
export function presetNamed(name: string | undefined): PresetName | undefined {
  return Object.keys(PRESETS).find((preset): preset is PresetName => preset === name);
}

/** The preset by whose recipe a model is trained on: the one that it says it is; the notebook's where it is none. */
export function recipeNameOf({ metadata }: Pick<Model, "metadata">): PresetName {
  return presetNamed(metadata.model) ?? "notebook";
}

/** What is set where the user has not. */
export function settingsOf(name: PresetName): Omit<Settings, "seed"> {
  const { optimizer = "sgd", learningRate } = presetOf(name).recipe;
  return {
    ...BATCHES[name],
    learningRate: learningRate ?? OPTIMIZER_DEFAULTS[optimizer].learningRate,
  };
}

/**
 * The recipe of a training.
 *
 * @param isNew First weights are still as they were drawn: where the preset asks for it, the data are to scale them.
 */
export function recipeOf(name: PresetName, settings: Settings, isNew: boolean): Recipe {
  const { init, recipe } = presetOf(name);
  const { optimizer = "sgd", weightDecay, schedule = "constant", augment, initRate = DEFAULT_RATE } = recipe;
  const { epochs, batchSize, learningRate, seed } = settings;
  const decay = weightDecay !== undefined && { weightDecay };
  const step: Update = optimizer === "sgd"
    ? { learningRate, momentum: OPTIMIZER_DEFAULTS.sgd.momentum, ...decay }
    : { kind: optimizer, learningRate, ...decay };
  return {
    epochs,
    batchSize,
    step,
    schedule: scheduleOf(schedule, epochs),
    seed,
    ...(augment && { augmentation: augment }),
    ...(isNew && init === "rate" && { startRate: initRate }),
  };
}

/** As the command line has it: `step` lowers the rate to a tenth after each third. */
function scheduleOf(kind: Schedule["kind"], epochs: number): Schedule {
  switch (kind) {
    case "constant":
    case "cosine":
      return { kind };
    case "step":
      return { kind, every: Math.ceil(epochs / 3), factor: 0.1 };
    default:
      return kind satisfies never;
  }
}
