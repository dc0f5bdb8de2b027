/** Measures a server under attack: latency of `/health`, memory, and the time until silent connections are closed. */
import { mostMemory } from "../../tests/serve/attack.ts";
import type { Row, Section } from "../section.ts";
import { attackBy, countFiles, type Measured, startSpikelet } from "./programs.ts";

/** How large the attacks are. */
export interface AttackSizes {
  /** How often ten forms are sent at once. */
  readonly rounds: number;
  /** Connections that send digits meanwhile, without a pause. */
  readonly senders: number;
  readonly silent: number;
  /** Files that the server may open among silent connections. */
  readonly files: number;
}

/** The longest wait for silent connections to be closed, in milliseconds. */
const LONGEST = 60_000;
/** Connections of the probe's own, beside the silent ones. */
const OTHERS = 10;

/** Requests `/health` every 20 ms. @returns The time of each request and of its answer, in milliseconds; `Infinity`: no answer. */
async function probe(url: string, isOver: () => boolean): Promise<(readonly [at: number, took: number])[]> {
  const found: [number, number][] = [];
  while (!isOver()) {
    const at = performance.now();
    const status = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) })
      .then(async (response) => (await response.text(), response.status), () => 0);
    found.push([at, status === 200 ? performance.now() - at : Infinity]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return found;
}

/** Forms of thousands of parts, slow bodies and good requests, all at once. */
export async function measureForms(model: string, digits: string, sizes: AttackSizes): Promise<Section> {
  await using server = await startSpikelet(model, []);
  await fetch(`${server.url}/health`).then((response) => response.text());
  let isOver = false;
  const probed = probe(server.url, () => isOver);
  const { rounds, senders } = sizes;
  const answers = await attackBy(["forms", server.url, digits, `${rounds}`, `${senders}`]);
  isOver = true;
  const samples = (await probed).map(([, took]) => took);
  return {
    key: "forms",
    title: `${rounds} times ten forms of 15,500 parts at once, 64 slow bodies, ${senders} senders of digits`,
    rows: [rowOf("/health meanwhile", samples)],
    remarks: [answers.trimEnd(), await memoryLine(server)],
  };
}

/** More connections that say nothing, or half of a request's head, than the server may open files. */
export async function measureSilence(model: string, { silent, files }: AttackSizes): Promise<Section> {
  await using server = await startSpikelet(model, [], files);
  const before = await countFiles(server);
  let isOver = false;
  const probed = probe(server.url, () => isOver), started = performance.now();
  const attacked = attackBy(["silence", server.url, `${silent}`]);
  let most = 0, closed = Infinity;
  const end = () => Math.min(closed + 5000, started + LONGEST);
  while (performance.now() < end()) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await countFiles(server);
    most = Math.max(most, now);
    if (most > before + silent / 4 && now < before + OTHERS) closed = Math.min(closed, performance.now());
  }
  isOver = true;
  const found = await probed;
  await attacked;
  const during = found.filter(([at]) => at < closed).map(([, took]) => took);
  const seconds = ((closed - started) / 1000).toFixed(1);
  const after = found.filter(([at]) => at >= closed).map(([, took]) => took);
  return {
    key: "silence",
    title: `${silent} silent and half-sent connections, ${files} files`,
    rows: [rowOf("/health while they are open", during), rowOf("/health from then on", after)],
    remarks: [
      `${most} files open at most; silent connections were closed after ${seconds} s; the server still answers`,
      await memoryLine(server),
    ],
  };
}

function rowOf(name: string, samples: readonly number[]): Row {
  return { name, unit: `ms; at most ${Math.max(...samples).toFixed(0)}`, samples };
}

async function memoryLine({ pid }: Measured): Promise<string> {
  return `${(await mostMemory(pid)).toFixed(0)} MiB at most`;
}
