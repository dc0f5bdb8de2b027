/**
 * Spikelet beside PyTorch, which trains the same network, turn by turn in the same run.
 *
 * PyTorch computes the golden case before it is timed. Spikelet's cost changes during training, because it depends on which units
 * spike: so each round trains a further part of one epoch, and all rounds together are the whole of it. PyTorch's cost
 * does not depend on the data; in each round it is timed for a few batches.
 */
import { fileURLToPath } from "node:url";
import { initialParameters } from "../src/network/initialise.ts";
import { notebookNetwork } from "../src/network/presets.ts";
import { readReferenceCase } from "../src/verify/reference_case.ts";
import { PeerMissing } from "./peers/environment.ts";
import { checkPyTorch, type Mode, timePyTorch } from "./peers/pytorch.ts";
import { interleave, median, pairedRatios, secondsOf } from "./rounds.ts";
import type { Section } from "./section.ts";
import { epochBatches, openEngine, SEED, type Setting, trainBatches } from "./setting.ts";
import type { Sizes } from "./sizes.ts";

const GOLDEN = fileURLToPath(new URL("../tests/reference/digits.safetensors", import.meta.url));
/** How far PyTorch's loss may be from the golden case's, relative; and its weights after an update, absolute. */
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

/** Checks PyTorch in both modes, and times it beside Spikelet where it is installed. */
export async function* measurePeers(setting: Setting): AsyncGenerator<Section> {
  const expected = (await readReferenceCase(GOLDEN)).expected.get("loss")![0]!;
  const modes: Mode[] = [], remarks: string[] = [];
  for (const mode of ["notebook", "tuned", "compiled"] as const) {
    try {
      const { peer, loss, deviation } = await checkPyTorch(mode, GOLDEN);
      const found =
        `loss ${loss.toFixed(7)}, expected ${expected.toFixed(7)}; weights after an update within ` +
        deviation.toExponential(1);
      if (!(Math.abs(loss / expected - 1) <= TOLERANCE.loss && deviation <= TOLERANCE.weights)) {
        throw new Error(`${labelOf(mode)} computes another network, so it is not timed: ${found}`);
      }
      modes.push(mode);
      remarks.push(`${labelOf(mode)} (${peer}, ${navigator.hardwareConcurrency} threads): ${found}`);
    } catch (error) {
      if (!(error instanceof PeerMissing)) throw error;
      remarks.push(`${labelOf(mode)}: skipped: ${error.message}`);
    }
  }
  yield { key: "peers", title: "Peers, each checked with a golden case first", rows: [], remarks };
  for (const network of networks(setting.sizes.network)) yield await measureNetwork(network, modes, setting);
}

function labelOf(mode: Mode): string {
  return `PyTorch, ${mode}`;
}

async function measureNetwork(
  { key, hidden, steps, ...most }: PeerNetwork,
  modes: readonly Mode[],
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
      const from = Math.floor(all * round / rounds), to = Math.floor(all * ++round / rounds);
      const part = epochBatches(setting, from, to);
      return await secondsOf(() => trainBatches(engine, setting.train, part)) / part.length;
    });
  }
  for (const mode of modes) {
    subjects.push(async () => median(await timePyTorch(mode, { hidden, steps, batchSize, batches })));
  }
  const seconds = await interleave(subjects, { seconds: 0, rounds });
  const names = [...chosen.map(({ label }) => `Spikelet, ${label}`), ...modes.map(labelOf)];
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
      `seconds an epoch of ${all} batches: ${epochs.join("; ")}`,
      "(all batches of Spikelet's are measured; the others' seconds are extrapolated)",
    ],
  };
}
