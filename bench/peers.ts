/**
 * Spikelet beside other programs that train the same network, turn by turn in the same run.
 *
 * A peer is held to the golden case before it is timed. Spikelet's cost moves while it trains, for it depends on which
 * units spike: so each round trains a further part of one epoch, and all rounds together are the whole of it. A peer's cost
 * does not depend on the data; in each round it is timed for a few batches.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { initialParameters } from "../src/network/initialise.ts";
import { seedNetwork } from "../src/network/presets.ts";
import { readReferenceCase } from "../src/train/reference_case.ts";
import { epochBatches, openEngine, SEED, trainBatches } from "./engines.ts";
import { jaxPeer } from "./peers/jax.ts";
import { type Peer, PeerMissing } from "./peers/peer.ts";
import { pytorchPeer } from "./peers/pytorch.ts";
import { interleave, secondsOf } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import type { Setting } from "./setting.ts";
import type { Sizes } from "./sizes.ts";
import { median, pairedRatios } from "./statistics.ts";

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
  /** Peers that cannot, by label: why. */
  readonly without?: Readonly<Record<string, string>>;
}

function networks({ hidden, steps }: Sizes["network"]): readonly PeerNetwork[] {
  return [
    { key: "seed", hidden, steps },
    {
      key: "wide",
      hidden: 10 * hidden,
      steps,
      rounds: 3,
      batches: 1,
      without: { "jax-js": "a batch of 1000 needs more than the 4 GiB of its WASM memory" },
    },
    { key: "short", hidden, steps: Math.ceil(steps / 128 * 25) },
  ];
}

/** Checks every peer, and times those that are here. */
export async function measurePeers(setting: Setting): Promise<Section[]> {
  const { here, remarks } = await checkPeers([
    pytorchPeer("notebook"),
    pytorchPeer("tuned"),
    jaxPeer(setting.train),
  ]);
  const sections: Section[] = [];
  for (const network of networks(setting.sizes.network)) {
    sections.push(await measureNetwork(network, here, setting));
  }
  return [{
    key: "peers",
    title: "Peers, each held to a golden case first",
    rows: [],
    remarks,
  }, ...sections];
}

/** Holds peers to the golden case. @throws {Error} when one computes something else. */
export async function checkPeers(peers: readonly Peer[]): Promise<{ here: Peer[]; remarks: string[] }> {
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
  network: PeerNetwork,
  peers: readonly Peer[],
  setting: Setting,
): Promise<Section> {
  const { train: samples, sizes, engines: { chosen } } = setting;
  const { batchSize, epochBatches: whole } = sizes;
  const { key, hidden, steps } = network;
  const rounds = Math.min(sizes.peerRounds, network.rounds ?? Infinity);
  const batches = Math.min(sizes.peerBatches, network.batches ?? Infinity);
  const spec = seedNetwork({ hidden, steps }), parameters = initialParameters(spec, SEED);
  const products = chosen.length;
  const names: string[] = [], subjects: (() => Promise<number>)[] = [];
  using open = new DisposableStack();
  for (const row of chosen) {
    const threads = navigator.hardwareConcurrency;
    const engine = open.use(await openEngine(row, setting, { threads, spec, parameters }));
    let round = 0;
    names.push(`Spikelet, ${row.label}`);
    subjects.push(async () => {
      const from = Math.floor(whole * round / rounds), to = Math.floor(whole * ++round / rounds);
      const part = epochBatches(samples, batchSize, from, to);
      return await secondsOf(() => trainBatches(engine, samples, part)) / part.length;
    });
  }
  const { without = {} } = network;
  for (const peer of peers.filter(({ label }) => !(label in without))) {
    names.push(peer.label);
    subjects.push(async () => {
      // Open in its turn alone: jax-js's threads do not sleep between its turns, and slow down the others.
      using opened = await peer.open({ hidden, steps, batchSize });
      return median(await opened.train(batches));
    });
  }
  const seconds = await interleave(subjects, { seconds: 0, atLeast: rounds });
  return {
    key: `peers-${key}`,
    title: `784–${hidden}–10, T = ${steps}, batches of ${batchSize}, ${navigator.hardwareConcurrency} cores`,
    ratio: { meaning: "the peer's time over Spikelet's, round by round", style: "times" },
    rows: rowsOf(names, seconds, products, network),
    remarks: [
      ...Object.entries(without).map(([label, reason]) => `without ${label}: ${reason}`),
      `seconds an epoch of ${whole} batches: ` + names.map((name, i) => {
        const epoch = i < products ? mean(seconds[i]!) : median(seconds[i]!);
        return `${name} ${(epoch * whole).toPrecision(3)}`;
      }).join("; ") + " (Spikelet's all measured, the others' extrapolated)",
    ],
  };
}

function rowsOf(
  names: readonly string[],
  seconds: readonly number[][],
  products: number,
  { hidden, steps }: PeerNetwork,
): Row[] {
  const unit = "s a batch";
  const facts = (i: number) => ({ subject: names[i]!, hidden, steps });
  const own = seconds.slice(0, products).map((samples, i): Row => ({
    name: names[i]!,
    unit,
    samples,
    facts: facts(i),
  }));
  const beside = own.flatMap((product, p) =>
    seconds.slice(products).map((samples, i): Row => ({
      name: `${names[products + i]!} : ${product.name}`,
      unit,
      samples,
      ratios: pairedRatios(samples, product.samples),
      facts: { ...facts(products + i), beside: names[p]! },
    }))
  );
  return [...own, ...beside];
}

function mean(samples: readonly number[]): number {
  return samples.reduce((a, b) => a + b, 0) / samples.length;
}
