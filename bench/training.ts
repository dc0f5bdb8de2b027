/**
 * Times a tenth of an epoch on every engine and number of threads, and compares the weights bit for bit; times evaluation
 * beside training.
 */
import type { Parameters } from "../src/engine/engine.ts";
import { hashParameters } from "../src/network/model_file.ts";
import { evaluate } from "../src/training/trainer.ts";
import { interleave, pairedRatios, secondsOf, summarize } from "./rounds.ts";
import type { Section } from "./section.ts";
import { type EngineRow, epochBatches, openEngine, SEED, type Setting, trainBatches } from "./setting.ts";

const THREADS = [1, 2];

/** An engine on a number of threads, and the SHA-256 of the weights that it trained. */
interface Trained {
  readonly row: EngineRow;
  readonly threads: number;
  readonly hashes: Set<string>;
}

/**
 * Times a tenth of an epoch, from the same weights each time.
 *
 * @throws {Error} when engines whose weights must agree do not.
 */
export async function measureTraining(setting: Setting): Promise<Section> {
  const { parameters, train, sizes } = setting;
  const batches = epochBatches(setting, 0, Math.ceil(sizes.trainingSamples / sizes.batchSize));
  using open = new DisposableStack();
  const rows = setting.engines.flatMap((row) =>
    THREADS.map((threads): Trained => ({ row, threads, hashes: new Set() }))
  );
  const subjects = [];
  for (const { row, threads, hashes } of rows) {
    const engine = open.use(await openEngine(row, setting, { threads }));
    subjects.push(async () => {
      await engine.setParameters(parameters);
      const seconds = await secondsOf(() => trainBatches(engine, train, batches));
      hashes.add(await hashParameters(new Map(await engine.getParameters())));
      return seconds;
    });
  }
  const seconds = await interleave(subjects, sizes);
  return {
    key: "training",
    title:
      `A tenth of an epoch: ${batches.length} batches of ${sizes.batchSize}, from the same first weights`,
    ratio: { meaning: "how many times as fast as the first line", style: "times" },
    rows: rows.map(({ row, threads }, i) => ({
      name: `${row.label}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
      unit: "s",
      samples: seconds[i]!,
      ratios: pairedRatios(seconds[0]!, seconds[i]!),
    })),
    remarks: [...threadRemarks(rows, seconds), ...checkBits(rows)],
  };
}

/** The speed-up by threads, within each engine. */
function threadRemarks(rows: readonly Trained[], seconds: readonly number[][]): string[] {
  return rows.flatMap(({ row, threads }, i) => {
    if (threads === 1) return [];
    const alone = rows.findIndex((other) => other.row === row && other.threads === 1);
    const { median, p10, p90 } = summarize(pairedRatios(seconds[alone]!, seconds[i]!));
    const [gain, from, to] = [median, p10, p90].map((ratio) => ratio.toFixed(2));
    return [`${row.label}: ${threads} threads are ${gain} × one (${from} – ${to})`];
  });
}

/** @throws {Error} when weights of one group differ. */
function checkBits(rows: readonly Trained[]): string[] {
  return [...Map.groupBy(rows, ({ row }) => row.bits)].map(([bits, group]) => {
    const hashes = new Set(group.flatMap(({ hashes }) => [...hashes]));
    if (hashes.size === 1) {
      return `${bits}: the same weights, bit for bit, in every line and round: sha256 ${[...hashes].join()}`;
    }
    const found = group.map(({ row, threads, hashes }) =>
      `${row.label}, ${threads}: ${[...hashes].join(" ")}`
    );
    throw new Error(`${bits}: weights differ after the same training:\n${found.join("\n")}`);
  });
}

/** Times evaluation beside training for as many images, on two threads, with trained weights. */
export async function measureEvaluation(setting: Setting, trained: Parameters): Promise<Section> {
  const { train, sizes, sizes: { batchSize }, chosen } = setting;
  const test = { ...setting.test, count: Math.min(setting.test.count, sizes.evaluationSamples) };
  const batches = epochBatches(setting, 0, Math.ceil(test.count / batchSize));
  using open = new DisposableStack();
  const subjects = [];
  for (const row of chosen) {
    const engine = open.use(await openEngine(row, setting, { threads: 2, parameters: trained }));
    const works = [() => trainBatches(engine, train, batches), () => evaluate(engine, test, batchSize)];
    subjects.push(...works.map((work) => async () => {
      await engine.setParameters(trained);
      return await secondsOf(work);
    }));
  }
  const seconds = await interleave(subjects, sizes);
  return {
    key: "evaluation",
    title: `Evaluation of ${test.count} images, 2 threads, trained weights (seed ${SEED})`,
    ratio: { meaning: "of the time that training takes for as many", style: "times" },
    rows: chosen.flatMap(({ label }, i) => {
      const [trained = [], evaluated = []] = seconds.slice(2 * i);
      const ratios = pairedRatios(evaluated, trained);
      return [
        { name: `${label}: train`, unit: "s", samples: trained },
        { name: `${label}: evaluate`, unit: "s", samples: evaluated, ratios },
      ];
    }),
  };
}
