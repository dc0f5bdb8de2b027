/**
 * Spikelet beside other programs that train the same network, turn by turn in the same run.
 *
 * A peer is held to the golden case before it is timed. Spikelet's cost moves while it trains, for it depends on which
 * units spike: so each round trains a further part of one epoch, and all rounds together are the whole of it. A peer's cost
 * does not depend on the data; in each round it is timed for a few batches.
 */
import { fileURLToPath } from "node:url";
import { initialParameters } from "../src/network/initialise.ts";
import { notebookNetwork } from "../src/network/presets.ts";
import { readReferenceCase } from "../src/verify/reference_case.ts";
import { type Peer, PeerMissing } from "./peers/peer.ts";
import { pytorchPeer } from "./peers/pytorch.ts";
import { interleave, median, pairedRatios, secondsOf } from "./rounds.ts";
import type { Section } from "./section.ts";
import { epochBatches, openEngine, SEED, type Setting, trainBatches } from "./setting.ts";
import type { Sizes } from "./sizes.ts";

const GOLDEN = fileURLToPath(new URL("../tests/reference/digits.safetensors", import.meta.url));
/** How far a peer's loss may be from the golden case's, relative; and its weights after a step, absolute. */
const TOLERANCE = { loss: 1e-4, weights: 1e-5 } as const;

/** A network that all are timed at. */
interface PeerNetwork {
  readonly key: string;
  readonly hidden: number;
  readonly steps: number;
  /** The most rounds and batches a round for it: what takes long is measured less often. */
  readonly rounds?: number;
  readonly batches?: number;
}

function networks({ hidden, steps }: Sizes["network"]): readonly PeerNetwork[] {
  return [
    { key: "notebook", hidden, steps },
    { key: "wide", hidden: 10 * hidden, steps, rounds: 3, batches: 1 },
    { key: "short", hidden, steps: Math.ceil(steps / 128 * 25) },
  ];
}

/** Checks every peer, and times those that are here. */
export async function measurePeers(setting: Setting): Promise<Section[]> {
  const { here, remarks } = await checkPeers([pytorchPeer("notebook"), pytorchPeer("tuned")]);
  const sections: Section[] = [];
  for (const network of networks(setting.sizes.network)) {
    sections.push(await measureNetwork(network, here, setting));
  }
  return [{ key: "peers", title: "Peers, each held to a golden case first", rows: [], remarks }, ...sections];
}

/** Holds peers to the golden case. @throws {Error} when one computes something else. */
async function checkPeers(peers: readonly Peer[]): Promise<{ here: Peer[]; remarks: string[] }> {
  const expected = (await readReferenceCase(GOLDEN)).expected.get("loss")![0]!;
  const here: Peer[] = [], remarks: string[] = [];
  for (const peer of peers) {
    try {
      const { loss, deviation } = await peer.check(GOLDEN);
      const found = `loss ${loss.toFixed(7)}, expected ${expected.toFixed(7)}; weights after a step within ` +
        deviation.toExponential(1);
      if (!(Math.abs(loss / expected - 1) <= TOLERANCE.loss && deviation <= TOLERANCE.weights)) {
        throw new Error(`${peer.label} computes another network, so it is not timed: ${found}`);
      }
      here.push(peer);
      remarks.push(`${peer.label} (${await peer.describe()}): ${found}`);
    } catch (error) {
      if (!(error instanceof PeerMissing)) throw error;
      remarks.push(`${peer.label}: skipped: ${error.message}`);
    }
  }
  return { here, remarks };
}

async function measureNetwork(
  { key, hidden, steps, ...most }: PeerNetwork,
  peers: readonly Peer[],
  setting: Setting,
): Promise<Section> {
  const { chosen, sizes: { batchSize, epochBatches: all, ...sizes } } = setting;
  const threads = navigator.hardwareConcurrency;
  const rounds = Math.min(sizes.peerRounds, most.rounds ?? Infinity);
  const batches = Math.min(sizes.peerBatches, most.batches ?? Infinity);
  const spec = notebookNetwork({ hidden, steps }), parameters = initialParameters(spec, SEED);
  const subjects: (() => Promise<number>)[] = [];
  using open = new DisposableStack();
  for (const row of chosen) {
    const engine = open.use(await openEngine(row, setting, { threads, spec, parameters }));
    let round = 0;
    subjects.push(async () => {
      const part = epochBatches(
        setting,
        Math.floor(all * round / rounds),
        Math.floor(all * ++round / rounds),
      );
      return await secondsOf(() => trainBatches(engine, setting.train, part)) / part.length;
    });
  }
  for (const peer of peers) {
    subjects.push(async () => {
      using opened = await peer.open({ hidden, steps, batchSize }); // in its turn alone
      return median(await opened.train(batches));
    });
  }
  const seconds = await interleave(subjects, { seconds: 0, rounds });
  const names = [...chosen.map(({ label }) => `Spikelet, ${label}`), ...peers.map(({ label }) => label)];
  const own = chosen.length, unit = "s a batch";
  const epochs = seconds.map((samples, i) => {
    const batch = i < own ? samples.reduce((a, b) => a + b, 0) / samples.length : median(samples);
    return `${names[i]} ${(batch * all).toPrecision(3)}`;
  });
  return {
    key: `peers-${key}`,
    title: `784–${hidden}–10, T = ${steps}, batches of ${batchSize}, ${threads} cores`,
    ratio: { meaning: "the peer's time over Spikelet's, round by round", style: "times" },
    rows: [
      ...seconds.slice(0, own).map((samples, i) => ({ name: names[i]!, unit, samples })),
      ...seconds.slice(0, own).flatMap((ours, i) =>
        seconds.slice(own).map((samples, j) => ({
          name: `${names[own + j]} : ${names[i]}`,
          unit,
          samples,
          ratios: pairedRatios(samples, ours),
        }))
      ),
    ],
    remarks: [
      `seconds an epoch of ${all} batches: ${
        epochs.join("; ")
      } (Spikelet's all measured, the others' extrapolated)`,
    ],
  };
}
