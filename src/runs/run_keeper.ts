/**
 * When a run keeps checkpoints.
 *
 * @module
 */
import type { NetworkSpec } from "../network/spec.ts";
import type { CheckpointFolder } from "./checkpoint_folder.ts";
import { encodeFacts, type RunFacts } from "./run_facts.ts";
import type { RunFolder } from "./run_folder.ts";
import type { CheckpointKeeper } from "../training/trainer.ts";
import type { TrainingCheckpoint } from "../training/training_state.ts";

/** Unless told otherwise, no more than so many seconds of work are lost. */
const LONGEST = 30;

/** Where a run keeps what, and who is told. */
export interface KeeperOptions {
  readonly folder: RunFolder;
  readonly checkpoints: CheckpointFolder;
  readonly spec: NetworkSpec;
  /** What its outputs are called, as far as that is known. */
  readonly classes?: readonly string[];
  /** Every N batches; else whenever 30 s have gone by. */
  readonly every?: number;
  /** What each checkpoint says. */
  readonly facts: () => RunFacts;
  readonly onKept?: (kept: TrainingCheckpoint, path: string) => void;
}

/** Makes the keeper of a run. Lines are on the disk before the checkpoint is that speaks of their batches. */
export function openKeeper(options: KeeperOptions): CheckpointKeeper {
  const { folder, checkpoints, spec, classes, every, onKept } = options;
  let asked = performance.now();
  return {
    due({ epoch, batch, batches }) {
      if (every !== undefined) return ((epoch - 1) * batches + batch) % every === 0;
      if (performance.now() - asked < 1000 * LONGEST) return false;
      asked = performance.now();
      return true;
    },
    async keep(checkpoint, best) {
      await folder.metrics.sync();
      await folder.epochs.sync();
      const metadata = encodeFacts(options.facts());
      const path = await checkpoints.write(
        { ...checkpoint, spec, metadata, ...(classes && { classes }) },
        best,
      );
      asked = performance.now();
      onKept?.(checkpoint, path);
    },
  };
}
