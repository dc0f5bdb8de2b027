/**
 * Every engine on the same batch: WASM, and what a GPU makes of it, with all that each asks of the device.
 *
 * @module
 */
import { createEngine } from "../src/engine/choose.ts";
import type { Engine } from "../src/engine/engine.ts";
import { type AdapterDescription, findAdapters } from "../src/engine/gpu/adapter.ts";
import type { DeviceCounts } from "../src/engine/gpu/backend.ts";
import { createHybridEngine } from "../src/engine/hybrid/hybrid_engine.ts";
import { createWebGpuEngine } from "../src/engine/webgpu/webgpu_engine.ts";
import { epochBatches, SEED, trainBatches } from "./engines.ts";
import { checkPeers } from "./peers.ts";
import { pytorchPeer } from "./peers/pytorch.ts";
import { interleave, secondsOf } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import type { Setting } from "./setting.ts";
import { median, pairedRatios } from "./statistics.ts";

/** Batches that are timed together on a GPU, as in training: so that none of them waits alone. */
const BATCHES = 4;

/** What to measure. */
export interface DeviceParts {
  /** Also on an adapter that computes on the CPU: it takes minutes, and says nothing about a GPU. */
  readonly withSoftware: boolean | undefined;
  /** PyTorch on the same card. */
  readonly withPeers: boolean | undefined;
}

/** An engine in the bench, whose device can be asked what was asked of it. */
interface Subject {
  readonly name: string;
  readonly engine: Engine & Disposable & { readonly counts?: DeviceCounts };
}

/** Times training batches on every engine that can be had here, from the same weights. */
export async function measureDevices(
  setting: Setting,
  { withSoftware, withPeers }: DeviceParts,
): Promise<Section> {
  const { train: samples, sizes, parameters } = setting, { batchSize } = sizes;
  const adapter = (await findAdapters())[0]?.description;
  const title =
    `Engines beside each other: batches of ${batchSize}, ${navigator.hardwareConcurrency} threads`;
  const none = (reason: string): Section => ({ key: "devices", title, rows: [], remarks: [reason] });
  if (!adapter) return none("no GPU adapter is found here: there is nothing beside wasm");
  if (adapter.isSoftware && !withSoftware) {
    return none(
      `not timed, for ${adapter.name} computes on the CPU: \`--engines\` does, for correctness only`,
    );
  }
  using open = new DisposableStack();
  const subjects = await openSubjects(setting, open);
  const batches = epochBatches(samples, batchSize, 0, adapter.isSoftware ? 1 : BATCHES);
  const remarks: string[] = [];
  for (const { name, engine } of subjects) {
    await trainBatches(engine, samples, batches.slice(0, 1)); // kernels are compiled, buffers are there
    await engine.setParameters(parameters);
    const before = engine.counts;
    await trainBatches(engine, samples, batches.slice(0, 1));
    if (before && engine.counts) remarks.push(`${name}, a batch: ${asked(before, engine.counts)}`);
  }
  remarks.push(...await deviations(subjects));
  const timed = subjects.map(({ engine }) => async () => {
    await engine.setParameters(parameters);
    return await secondsOf(() => trainBatches(engine, samples, batches)) / batches.length;
  });
  const names = subjects.map(({ name }) => name);
  if (withPeers && !adapter.isSoftware) {
    const { here, remarks: found } = await checkPeers([pytorchPeer("tuned", "cuda")]);
    remarks.push(...found);
    for (const peer of here) {
      names.push(peer.label);
      timed.push(async () => {
        using opened = await peer.open({ ...sizes.network, batchSize });
        return median(await opened.train(BATCHES));
      });
    }
  }
  const seconds = await interleave(timed, {
    seconds: adapter.isSoftware ? 0 : sizes.seconds,
    atLeast: adapter.isSoftware ? 1 : sizes.rounds,
  });
  return {
    key: "devices",
    title: `${title}, ${describe(adapter)}`,
    ratio: { meaning: "how many times as fast as wasm", style: "times" },
    rows: names.map((name, i): Row => ({
      name,
      unit: "s a batch",
      samples: seconds[i]!,
      ratios: pairedRatios(seconds[0]!, seconds[i]!),
      facts: { adapter: adapter.name, isSoftware: String(adapter.isSoftware) },
    })),
    remarks,
  };
}

/** WASM first. */
async function openSubjects(
  { spec, kernels, sizes: { batchSize } }: Setting,
  open: DisposableStack,
): Promise<readonly Subject[]> {
  const threads = navigator.hardwareConcurrency;
  const options = { spec, seed: SEED, batchSize };
  return [
    { name: "wasm", engine: open.use(await createEngine({ ...options, engine: "wasm", threads })) },
    { name: "hybrid", engine: open.use(await createHybridEngine({ ...options, kernels, threads })) },
    { name: "webgpu", engine: open.use(await createWebGpuEngine(options)) },
  ];
}

/** How far weights are from wasm's after the batch that all have just been trained with. */
async function deviations(subjects: readonly Subject[]): Promise<string[]> {
  const [wasm, ...others] = await Promise.all(
    subjects.map(async ({ name, engine }) => ({ name, parameters: await engine.getParameters() })),
  );
  return others.map(({ name, parameters }) => {
    const farthest = Math.max(
      ...[...parameters].map(([tensor, values]) => {
        const expected = wasm!.parameters.get(tensor)!;
        return values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
      }),
    );
    return `${name}: weights after it are within ${farthest.toExponential(1)} of wasm's`;
  });
}

function asked(before: DeviceCounts, after: DeviceCounts): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  return `${after.dispatches - before.dispatches} kernels in ${
    after.submits - before.submits
  } submissions, ` +
    `${megabytes(after.bytesUp - before.bytesUp)} up, ${megabytes(after.bytesDown - before.bytesDown)} down`;
}

function describe({ name, isSoftware }: AdapterDescription): string {
  return isSoftware ? `${name}, a software adapter: for correctness only` : name;
}
