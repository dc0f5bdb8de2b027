/**
 * Why training diverged: the weights and currents just before it did.
 *
 * @module
 */
import type { Engine, EngineState } from "../engine/engine.ts";
import type { Precision } from "../engine/wasm/input_product.ts";
import type { Divergence } from "../errors.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { PURPOSE } from "../random.ts";
import { largestOf, observeLayers } from "./activity.ts";
import { epochBatches } from "./batches.ts";
import { splitSamples } from "./split.ts";
import { train, type TrainingOptions } from "./trainer.ts";
import type { TrainingCheckpoint } from "./training_state.ts";

/** So many samples of the batch are looked at. */
const SAMPLES = 32;

/**
 * Trains from the last good state to the batch before the one that diverged, which gives the very bits that it had then,
 * and looks at them.
 *
 * @param options How it was trained.
 * @param from The last good state; none: the first one, which the engine has been given again.
 * @returns Sentences; none where the way there was not found again.
 */
export async function explainDivergence(
  engine: Engine,
  { spec, precision = "f32" }: { readonly spec: NetworkSpec; readonly precision?: Precision },
  options: TrainingOptions,
  from: TrainingCheckpoint | undefined,
  { epoch, batch }: Divergence,
): Promise<string[]> {
  const state = await stateBefore(engine, options, from, { epoch, batch });
  if (!state) return [];
  const { samples, seed } = options;
  const { training } = splitSamples(samples.count, options);
  const layers = await observeLayers({
    spec,
    precision,
    parameters: state.parameters,
    seed,
    samples,
    indices: epochBatches(training, options, epoch)[batch - 1]!.subarray(0, SAMPLES),
    purpose: PURPOSE.training,
    epoch,
  });
  const [tensor, weight] = [...state.parameters]
    .map(([name, values]) => [name, largestOf(values)] as const)
    .reduce((most, each) => each[1] > most[1] ? each : most);
  const worst = layers.reduce((most, each) => !(each.current.largest <= most.current.largest) ? each : most);
  const threshold = worst.threshold === null ? "" : `, where the threshold is ${worst.threshold}`;
  return [
    `Before that batch the largest weight was ${show(weight)} (${tensor}), and in it the largest current ` +
    `${show(worst.current.largest)} (layer ${worst.layer}${threshold}).`,
  ];
}

async function stateBefore(
  engine: Engine,
  options: TrainingOptions,
  from: TrainingCheckpoint | undefined,
  { epoch, batch }: { readonly epoch: number; readonly batch: number },
): Promise<EngineState | undefined> {
  const { onBatch: _, onEpoch: __, from: ___, ...rest } = options;
  const at = from?.progress ?? { epoch: 1, batch: 0 };
  if (at.epoch === epoch && at.batch === batch - 1) {
    if (from) await engine.setState(from.state);
    return from?.state ?? await engine.getState();
  }
  let found: EngineState | undefined;
  const enough = new AbortController();
  try {
    await train(engine, {
      ...rest,
      ...(from && { from }),
      checkpoints: {
        due: (now) => now.epoch === epoch && now.batch === batch - 1,
        keep({ progress, state }) {
          if (progress.epoch === epoch && progress.batch === batch - 1) {
            found ??= state;
            enough.abort();
          }
          return Promise.resolve();
        },
      },
      signal: options.signal ? AbortSignal.any([options.signal, enough.signal]) : enough.signal,
    });
  } catch {
    // It was stopped where it was to be, or it diverges as before.
  }
  return found;
}

function show(value: number): string {
  return Math.abs(value) >= 1e5 ? value.toExponential(2) : value.toPrecision(3);
}
