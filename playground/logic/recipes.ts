/** Recipes of the page: a preset's recipe, with batch size and epochs for a few thousand digits and about a minute. */
import type { Model } from "../../src/network/model_file.ts";
import { type PresetName, presetOf, PRESETS } from "../../src/training/presets.ts";
import type { Update } from "../../src/engine/engine.ts";
import { OPTIMIZER_DEFAULTS } from "../../src/engine/optimizer.ts";
import { DEFAULT_RATE } from "../../src/training/scaled_start.ts";
import type { Schedule } from "../../src/training/schedule.ts";
import type { Recipe } from "./protocol.ts";

/** Options that a user can set; the preset has the others. */
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
  conv: { epochs: 4, batchSize: 50 },
  "conv-wide": { epochs: 4, batchSize: 50 },
  tutorial: { epochs: 2, batchSize: 50 },
};

/** The preset of a name, if it is one. */
export function presetNamed(name: string | undefined): PresetName | undefined {
  return Object.keys(PRESETS).find((preset): preset is PresetName => preset === name);
}

/** The preset whose recipe trains a model: the one in its metadata, or the notebook's. */
export function recipeNameOf({ metadata }: Pick<Model, "metadata">): PresetName {
  return presetNamed(metadata.model) ?? "notebook";
}

/** Default settings of a preset. */
export function settingsOf(name: PresetName): Omit<Settings, "seed"> {
  const { optimizer = "sgd", learningRate = OPTIMIZER_DEFAULTS[optimizer].learningRate } =
    presetOf(name).recipe;
  return { ...BATCHES[name], learningRate };
}

/** The recipe of a training, without a moving average of weights: the page shows the network as it learns. @param isNew Whether weights are as drawn, so that the data scale them if the preset says so. */
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

/** The command line's defaults: `step` lowers the rate to a tenth after each third. */
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
