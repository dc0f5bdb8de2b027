/**
 * How the page trains a preset: its recipe, with batches that suit a small data set.
 *
 * @module
 */
import { OPTIMISER_DEFAULTS } from "../engine/optimiser.ts";
import type { Step } from "../engine/engine.ts";
import { type PresetName, presetOf } from "../network/presets.ts";
import { DEFAULT_RATE } from "../train/scaled_start.ts";
import type { Recipe } from "./protocol.ts";

/** Thousands of digits in batches of a thousand would be a handful of steps. */
const MOST_OF_A_BATCH = 100;

/** The recipe of a preset for some passes over a small data set. */
export function recipeOf(
  name: PresetName,
  { epochs, seed }: { readonly epochs: number; readonly seed: number },
): Recipe {
  const { recipe } = presetOf(name);
  const { optimizer = "sgd", schedule = "constant", augment, initRate, warmUp } = recipe;
  const isNotebook = name === "seed" || name === "dense";
  return {
    epochs,
    batchSize: Math.min(recipe.batchSize ?? MOST_OF_A_BATCH, MOST_OF_A_BATCH),
    step: stepOf(optimizer, recipe.learningRate, recipe.weightDecay),
    schedule: schedule === "step" ? { kind: schedule, every: Math.ceil(epochs / 3), factor: 0.1 } : {
      kind: schedule,
      ...(warmUp !== undefined && { warmUp }),
    },
    seed,
    ...(augment && { augmentation: augment }),
    ...(!isNotebook && { startRate: initRate ?? DEFAULT_RATE }),
  };
}

function stepOf(kind: "sgd" | "adam" | "adamw", learningRate?: number, weightDecay?: number): Step {
  const { learningRate: rate, weightDecay: decay } = OPTIMISER_DEFAULTS[kind];
  const common = { learningRate: learningRate ?? rate, weightDecay: weightDecay ?? decay };
  return kind === "sgd"
    ? { kind, momentum: OPTIMISER_DEFAULTS.sgd.momentum, ...common }
    : { kind, ...common };
}
