/** How much is measured: the notebook's size, or a tiny one that runs every line in a few seconds. */

/** The notebook's size. */
export const FULL = {
  network: { hidden: 100, steps: 128 },
  batchSize: 1000,
  /** For the repetitions of one part, which has at least `rounds`. */
  seconds: 10,
  rounds: 3,
  /** Seconds that one sample of a kernel takes. */
  kernelSeconds: 0.01,
  /** Samples of one round of the operations. */
  operationSamples: 250,
  /** Samples of "a tenth of an epoch". */
  trainingSamples: 6000,
  /** Images that are evaluated, and trained with beside it. */
  evaluationSamples: 10_000,
  /** Samples over which missed spikes are counted. */
  missedSamples: 6000,
  /** Batches of an epoch: between first weights and trained ones; the rounds beside peers share them. */
  epochBatches: 60,
  /** Rounds beside the peers, and the batches that a peer is timed for in each, after one to warm up. */
  peerRounds: 5,
  peerBatches: 2,
  /** Batches of the field's networks, rounds beside their peers, and the batches that a peer is timed for in each. */
  fieldBatches: 40,
  fieldRounds: 7,
  fieldPeerBatches: 10,
};

/** Sizes and amounts of all parts of the bench. */
export type Sizes = Readonly<typeof FULL>;

/** As small as can be, for a test that the bench still runs: its figures mean nothing. */
export const TINY: Sizes = {
  network: { hidden: 12, steps: 9 },
  batchSize: 20,
  seconds: 0,
  rounds: 2,
  kernelSeconds: 0.0005,
  operationSamples: 20,
  trainingSamples: 100,
  evaluationSamples: 100,
  missedSamples: 60,
  epochBatches: 4,
  peerRounds: 2,
  peerBatches: 1,
  fieldBatches: 2,
  fieldRounds: 2,
  fieldPeerBatches: 1,
};
