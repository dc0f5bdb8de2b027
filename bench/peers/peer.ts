/** What the bench asks of a peer: another program that trains the same network. */

/** Another program. */
export interface Peer {
  readonly label: string;
  /** Its name and version, how it was set up: for the report. */
  readonly describe: () => Promise<string>;
  /**
   * Trains with the golden case and its draws, one batch.
   *
   * @returns The loss before the step, and the largest |weight − reference| after it.
   * @throws {PeerMissing} when the peer is not installed here.
   */
  readonly check: (golden: string) => Promise<{ readonly loss: number; readonly deviation: number }>;
  /** Gets ready to train at some size; inputs and classes are MNIST's. */
  readonly open: (
    sizes: { readonly hidden: number; readonly steps: number; readonly batchSize: number },
  ) => Promise<OpenPeer>;
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
