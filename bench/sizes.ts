/**
 * How much is measured: the seed's size, or a tiny one that runs every line in a few seconds.
 *
 * @module
 */
import type { SeedOptions } from "../src/network/presets.ts";

/** Sizes and amounts of all parts of the bench. */
export interface Sizes {
  /** The network, where a part does not vary it. */
  readonly network: Required<Pick<SeedOptions, "hidden" | "steps">>;
  readonly batchSize: number;
  /** Seconds for the repetitions of one part; the least number of rounds is made in any case. */
  readonly seconds: number;
  /** Least rounds of a part. */
  readonly rounds: number;
  /** Seconds that one sample of a kernel takes. */
  readonly kernelSeconds: number;
  /** Samples of one round of the operations. */
  readonly operationSamples: number;
  /** Samples of "a tenth of an epoch". */
  readonly trainingSamples: number;
  /** Images that are evaluated, and trained with beside it. */
  readonly evaluationSamples: number;
  /** Samples over which missed spikes are counted. */
  readonly missedSamples: number;
  /** Training samples of one point of the scaling. */
  readonly scalingSamples: number;
  /** Batches of an epoch: between first weights and trained ones; the rounds beside peers share them. */
  readonly epochBatches: number;
  /** Rounds beside the peers. */
  readonly peerRounds: number;
  /** Batches that a peer is timed for in each round, after one to warm up. */
  readonly peerBatches: number;
}

/** The seed's size. @param seconds For the repetitions of one part. */
export function fullSizes(seconds: number): Sizes {
  return {
    network: { hidden: 100, steps: 128 },
    batchSize: 1000,
    seconds,
    rounds: 3,
    kernelSeconds: 0.01,
    operationSamples: 250,
    trainingSamples: 6000,
    evaluationSamples: 10_000,
    missedSamples: 6000,
    scalingSamples: 1000,
    epochBatches: 60,
    peerRounds: 5,
    peerBatches: 2,
  };
}

/** As small as can be, for a test that the bench still runs: its figures mean nothing. */
export function tinySizes(): Sizes {
  return {
    network: { hidden: 12, steps: 9 },
    batchSize: 20,
    seconds: 0,
    rounds: 2,
    kernelSeconds: 0.0005,
    operationSamples: 20,
    trainingSamples: 100,
    evaluationSamples: 100,
    missedSamples: 60,
    scalingSamples: 20,
    epochBatches: 4,
    peerRounds: 2,
    peerBatches: 1,
  };
}
