/** The samples of a request. */
import type { TakenSample } from "../classify/classifier.ts";
import { Refusal } from "./refusal.ts";
import { count } from "../text/figures.ts";

/** The samples of one request. */
export interface RequestSamples {
  /** In the order of the answers. */
  readonly samples: readonly TakenSample[];
  /** The answer is a list, even of one. */
  readonly many: boolean;
}

/** The most samples of one request. */
export const MOST_SAMPLES = 10_000;

/** @throws {Refusal} 400 when they are more than {@linkcode MOST_SAMPLES}. */
export function checkCount(samples: number): void {
  if (samples <= MOST_SAMPLES) return;
  throw new Refusal(400, `more than ${count(MOST_SAMPLES)} samples in one request: send them in several`);
}
