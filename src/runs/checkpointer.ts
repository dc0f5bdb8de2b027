/** Schedule of a run's checkpoints. */
import type { NetworkSpec } from "../network/spec.ts";
import type { CheckpointFolder } from "./checkpoint_folder.ts";
import { encodeFacts, type RunFacts } from "./run_facts.ts";
import type { RunFolder } from "./run_folder.ts";
import type { Checkpointer } from "../training/trainer.ts";
import type { TrainingCheckpoint } from "../training/training_state.ts";

/** The most seconds between two checkpoints, and so of work that can be lost, without `every`. */
const LONGEST = 30;

/** A run's files, and how often it writes a checkpoint. */
export interface CheckpointerOptions {
  readonly folder: RunFolder;
  readonly checkpoints: CheckpointFolder;
  readonly spec: NetworkSpec;
  /** Names of the classes, if known. */
  readonly classes?: readonly string[];
  /** Write a checkpoint every N batches; otherwise every 30 s. */
  readonly every?: number;
  /** Metadata of each checkpoint. */
  readonly facts: () => RunFacts;
  readonly onKept?: (kept: TrainingCheckpoint, path: string) => void;
}

/** Writes the checkpoints of a run. Metrics of a batch are on the disk before a checkpoint that counts the batch. */
export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { folder, checkpoints, spec, classes, every, onKept } = options;
  let last = performance.now();
  return {
    due({ epoch, batch, batches }) {
      if (every !== undefined) return ((epoch - 1) * batches + batch) % every === 0;
      if (performance.now() - last < 1000 * LONGEST) return false;
      last = performance.now();
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
      last = performance.now();
      onKept?.(checkpoint, path);
    },
  };
}
