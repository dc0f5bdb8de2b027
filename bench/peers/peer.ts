/**
 * What the bench asks of a peer: another program that trains the same network.
 *
 * @module
 */

/** Sizes that a peer is timed at; inputs and classes are MNIST's. */
export interface PeerSizes {
  readonly hidden: number;
  readonly steps: number;
  readonly batchSize: number;
}

/** What a peer makes of the golden case: with its draws, one training batch. */
export interface GoldenResult {
  /** Before the step. */
  readonly loss: number;
  /** The largest |weight − reference| after one step of SGD. */
  readonly deviation: number;
}

/** Another program. */
export interface Peer {
  readonly label: string;
  /** Its name and version, how it was set up: for the report. */
  readonly describe: () => Promise<string>;
  /** Trains with the golden case. @throws {PeerMissing} when the peer is not installed here. */
  readonly check: (golden: string) => Promise<GoldenResult>;
  /** Gets ready to train at some size. */
  readonly open: (sizes: PeerSizes) => Promise<OpenPeer>;
}

/** A peer that is ready. */
export interface OpenPeer extends Disposable {
  /** Trains with batches of its own choice. @returns Seconds of each, without start and warm-up. */
  readonly train: (batches: number) => Promise<readonly number[]>;
}

/** A peer is not to be had here; the message says how to get it. */
export class PeerMissing extends Error {
  override name = "PeerMissing";
}
