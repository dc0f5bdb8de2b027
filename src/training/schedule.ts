/** Learning rate schedules: pure functions of the batch's number, so that a resumed run has the same rates. */
import { OptionError } from "../errors.ts";

/** A learning rate schedule. */
export type Schedule =
  & (
    /** The same rate throughout. */
    | { readonly kind: "constant" }
    /** Half a cosine from the rate down to nearly 0 at the last batch (Loshchilov & Hutter 2017, eq. 5, one period). */
    | { readonly kind: "cosine" }
    /** The rate times `factor` after every `every` epochs. */
    | { readonly kind: "step"; readonly every: number; readonly factor: number }
  )
  & {
    /** Batches at the beginning in which the rate rises in equal steps (Goyal et al. 2017). @default {0} */
    readonly warmUp?: number;
  };

/** The names of the schedules. */
export const SCHEDULES = ["constant", "cosine", "step"] as const satisfies readonly Schedule["kind"][];

/** The same rate for every batch. */
export const CONSTANT: Schedule = { kind: "constant" };

/** Position of a batch in training. */
export interface BatchNumber {
  /** Epoch, from 1. */
  readonly epoch: number;
  /** Number of the batch in its epoch, from 1. */
  readonly batch: number;
  /** Batches of an epoch. */
  readonly batches: number;
  /** Epochs in all. */
  readonly epochs: number;
}

/**
 * The learning rate of a batch.
 *
 * @param rate The full rate.
 * @throws {OptionError} when there is no such schedule.
 * @returns `rate` itself where nothing changes it.
 *
 * @example
 * ```ts
 * import { learningRateAt } from "@spikelet/spikelet";
 *
 * const at = (epoch: number) => ({ epoch, batch: 1, batches: 60, epochs: 4 });
 * console.log(learningRateAt({ kind: "cosine" }, 0.1, at(1)), learningRateAt({ kind: "cosine" }, 0.1, at(3)));
 * // 0.1 0.05
 * ```
 */
export function learningRateAt(
  schedule: Schedule,
  rate: number,
  { epoch, batch, batches, epochs }: BatchNumber,
): number {
  const { warmUp = 0 } = schedule;
  const done = (epoch - 1) * batches + batch - 1;
  const rising = Math.min(1, (done + 1) / (warmUp + 1));
  switch (schedule.kind) {
    case "constant":
      return rate * rising;
    case "cosine": {
      const share = Math.max(0, done - warmUp) / Math.max(1, epochs * batches - warmUp);
      return rate * rising * 0.5 * (1 + Math.cos(Math.PI * share));
    }
    case "step":
      return rate * rising * schedule.factor ** Math.floor((epoch - 1) / schedule.every);
    default:
      throw new OptionError(
        `schedule.kind: ${Reflect.get(schedule satisfies never, "kind")}, expected ${SCHEDULES.join(" or ")}`,
      );
  }
}
