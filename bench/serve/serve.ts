/**
 * `deno task bench:serve`: what a server answers in a second and how soon, what it does with too much and with hostile
 * senders, and what a model at the edge weighs and how soon it is awake.
 *
 * The load comes from the same machine, so on two cores it takes one of them. Load is bounded: it lasts for some seconds.
 */
import { join } from "node:path";
import { Classifier } from "../../src/classify/classifier.ts";
import { createCommand } from "../../src/cli/command.ts";
import { describeFailure } from "../../src/cli/failure.ts";
import { numberOption, numbers } from "../../src/cli/option_values.ts";
import { loadMnist } from "../../src/data/mnist.ts";
import type { Samples } from "../../src/data/samples.ts";
import { createEngine } from "../../src/engine/choose.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { encodeModel, type Model } from "../../src/network/model_file.ts";
import { seedNetwork } from "../../src/network/presets.ts";
import { train } from "../../src/train/trainer.ts";
import { findWorkerd } from "../../tests/edge/workerd.ts";
import { hostileRequests, statusOf } from "../../tests/serve/hostile.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { type Row, type Section, sectionLines } from "../section.ts";
import { summarize } from "../statistics.ts";
import { bundleModel, load, type Measured, startServer, startSpikelet } from "./programs.ts";

const FOLDER = join("dist", "bench");
const MODEL = join(FOLDER, "model.safetensors"),
  DIGITS = join(FOLDER, "digits.bin"),
  EDGE = join(FOLDER, "edge");

interface Sizes {
  readonly seconds: number;
  readonly trainingSamples: number;
  readonly hostile: number;
  readonly threads: readonly number[];
  readonly connections: readonly number[];
  /** Loads after which the memory is looked at. */
  readonly loads: number;
  /** Starts of a program, of which the median is told. */
  readonly starts: number;
}

const command = createCommand(
  "bench:serve",
  "Measure serving: latency, load, overload, hostile requests, bundles and cold starts",
  "Leave the machine alone meanwhile. Fetches autocannon and workerd from npm.",
  "--seconds 10",
)
  .option("--tiny", "in some seconds, at a size whose figures mean nothing: to see that it runs")
  .addOption(
    numberOption("--seconds <number>", "for each load", numbers("1 or more", (n) => n >= 1)).default(10),
  );

try {
  const options = command.parse(Deno.args, { from: "user" }).opts();
  const sizes: Sizes = options.tiny
    ? { seconds: 1, trainingSamples: 100, hostile: 36, threads: [1], connections: [8], loads: 2, starts: 1 }
    : {
      seconds: options.seconds,
      trainingSamples: 60_000,
      hostile: 1000,
      threads: [1, 2],
      connections: [1, 16, 64, 256, 1000],
      loads: 6,
      starts: 7,
    };
  console.log(machineLine(describeMachine()));
  for await (const section of measureAll(sizes)) console.log(`\n${sectionLines(section).join("\n")}`);
} catch (error) {
  const { message, exitCode } = describeFailure(error);
  if (message !== "") console.error(message);
  Deno.exit(exitCode);
}
Deno.exit();

async function* measureAll(sizes: Sizes): AsyncGenerator<Section> {
  const test = await loadMnist(undefined, "test");
  const model = await trainModel(sizes.trainingSamples);
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeFile(MODEL, encodeModel(model));
  await Deno.writeFile(DIGITS, Uint8Array.from(test.features.subarray(0, 784 * 100)));
  yield await measureClassifier(model, test);
  for (const threads of sizes.threads) yield await measureLoad(threads, sizes);
  yield await measureMemory(sizes);
  yield await measureHostile(sizes, test);
  yield await measureEdge(sizes, test);
}

/** The seed's network after an epoch: it fires as a trained one does. */
async function trainModel(limit: number): Promise<Model> {
  const spec = seedNetwork();
  using engine = await createEngine({ spec });
  await engine.setParameters(initialParameters(spec, 0));
  await train(engine, {
    samples: await loadMnist(undefined, "train"),
    epochs: 1,
    batchSize: 1000,
    step: { learningRate: 0.1, momentum: 0.5 },
    seed: 0,
    limit,
  });
  return { spec, parameters: await engine.getParameters(), metadata: { seed: "0" } };
}

/** The network alone, without HTTP. */
async function measureClassifier(model: Model, test: Samples): Promise<Section> {
  const rows: Row[] = [];
  for (const variant of ["plain", "relaxed"] as const) {
    const classifier = new Classifier(model, { kernels: await loadKernels(variant) });
    const samples = Array.from({ length: 2000 }, (_, i) => {
      const digit = test.features.subarray(784 * i, 784 * (i + 1)), started = performance.now();
      classifier.classify(digit);
      return 1000 * (performance.now() - started);
    });
    rows.push({ name: `${variant} kernels`, unit: "µs a digit", samples: samples.slice(200) });
  }
  return { key: "classifier", title: "A digit without HTTP, one after the other", rows };
}

/** One sender, as many as the server can serve, and far more. */
async function measureLoad(threads: number, { seconds, connections: levels }: Sizes): Promise<Section> {
  await using server = await startSpikelet(MODEL, ["--threads", `${threads}`]);
  await load(server.url, DIGITS, 8, 1); // so that V8 has compiled what is hot
  const rows: Row[] = [], remarks: string[] = [];
  for (const connections of levels) {
    const { latencies, lost, seconds: took } = await load(server.url, DIGITS, connections, seconds);
    for (const [status, samples] of Object.entries(latencies)) {
      const { p99 } = tail(samples);
      rows.push({
        name: `${connections} connections, ${status}`,
        unit: `ms; p99 ${p99.toFixed(1)}`,
        samples,
      });
      remarks.push(`${connections} connections: ${perSecond(samples.length, took)} a second with ${status}`);
    }
    remarks.push(`${connections} connections: ${lost} lost`);
  }
  const title = `POST /classify of one digit, autocannon, --threads ${threads}`;
  return { key: `load-${threads}`, title, rows, remarks };
}

/** One load after the other, and the memory in between. */
async function measureMemory({ seconds, loads }: Sizes): Promise<Section> {
  await using server = await startSpikelet(MODEL, []);
  const samples: number[] = [];
  for (let i = 0; i < loads; i++) {
    await load(server.url, DIGITS, 256, seconds);
    samples.push(await server.memory());
  }
  const row = { name: "resident memory", unit: "MiB", samples };
  const remarks = [`after each: ${samples.map((mebibytes) => mebibytes.toFixed(0)).join(", ")} MiB`];
  return { key: "memory", title: `${loads} loads of 256 connections`, rows: [row], remarks };
}

/** Hostile requests of every kind, 32 at a time, and a well-meaning sender beside them. */
async function measureHostile({ hostile: count }: Sizes, test: Samples): Promise<Section> {
  const mostBytes = 100_000, timeout = 1;
  await using server = await startSpikelet(MODEL, ["--timeout", `${timeout}`, "--max-bytes", `${mostBytes}`]);
  let state = 1;
  const next = (below: number) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % 65_521 % below;
  const requests = [];
  while (requests.length < count) requests.push(...hostileRequests(next, 1000 * timeout, mostBytes));
  const queue = requests.slice(0, count).values(), statuses = new Map<number, number>(), wrong: string[] = [];
  const before = await server.memory();
  let isOver = false;
  const lane = async () => {
    for (const request of queue) {
      const status = await statusOf(request, server.port);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (!request.statuses.includes(status)) wrong.push(`${request.what}: ${status}`);
    }
  };
  const beside = async () => {
    const digit = Uint8Array.from(test.features.subarray(0, 784)), samples: number[] = [];
    const answers = new Set<string>();
    while (!isOver) {
      const started = performance.now();
      const { status, text } = await ask(server, digit);
      samples.push(performance.now() - started);
      if (status === 200) answers.add(text);
      else if (status !== 429) wrong.push(`a well-meaning sender: ${status}`);
    }
    return { samples, answers };
  };
  const well = beside();
  await Promise.all(Array.from({ length: 32 }, lane));
  isOver = true;
  const { samples, answers } = await well;
  const found = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${n} × ${status || "closed"}`);
  return {
    key: "hostile",
    title: `${count} hostile requests, 32 at a time`,
    rows: [{ name: "a digit beside them", unit: `ms; p99 ${tail(samples).p99.toFixed(1)}`, samples }],
    remarks: [
      `answered: ${found.join(", ")}`,
      wrong.length === 0 ? "each as it may be" : `WRONG: ${wrong.join("; ")}`,
      `the digit beside them had ${answers.size} answer`,
      `${before.toFixed(0)} MiB before, ${(await server.memory()).toFixed(0)} after; the server lives`,
    ],
  };
}

/** What a bundle weighs, and how long a runtime takes from its start to its first answer. */
async function measureEdge({ starts: count }: Sizes, test: Samples): Promise<Section> {
  await bundleModel(MODEL, EDGE);
  const remarks: string[] = [];
  for (const name of ["spikelet.js", "kernels.plain.wasm", "model.safetensors", "fetch.js"]) {
    const file = await Deno.readFile(join(EDGE, name));
    const gzip = new Blob([file]).stream().pipeThrough(new CompressionStream("gzip"));
    const { byteLength } = await new Response(gzip).arrayBuffer();
    remarks.push(
      `${name}: ${file.length.toLocaleString("en")} bytes, ${byteLength.toLocaleString("en")} gzipped`,
    );
  }
  const digit = Uint8Array.from(test.features.subarray(0, 784));
  const workerd = await findWorkerd();
  const starts: [name: string, start: () => Promise<Measured>][] = [];
  if ("path" in workerd) {
    const args = [
      "serve",
      join(EDGE, "config.capnp"),
      "--socket-addr",
      "http=127.0.0.1:0",
      "--control-fd",
      "1",
    ];
    starts.push(["workerd", () => startServer(workerd.path, args)]);
  } else remarks.push(`workerd cannot be had here: ${workerd.reason}`);
  starts.push(["deno task serve", () => startSpikelet(MODEL, [])]);
  const rows: Row[] = [];
  for (const [name, start] of starts) {
    const listening: number[] = [], first: number[] = [], second: number[] = [];
    for (let i = 0; i < count; i++) {
      await using server = await start();
      listening.push(server.milliseconds);
      for (const samples of [first, second]) {
        const started = performance.now();
        await ask(server, digit);
        samples.push(performance.now() - started);
      }
    }
    rows.push(
      { name: `${name}: process until it listens`, unit: "ms", samples: listening },
      { name: `${name}: first answer`, unit: "ms", samples: first },
      { name: `${name}: second answer`, unit: "ms", samples: second },
    );
  }
  return { key: "edge", title: "A model at the edge", rows, remarks };
}

async function ask(
  server: Measured,
  digit: Uint8Array<ArrayBuffer>,
): Promise<{ status: number; text: string }> {
  const headers = { "content-type": "application/octet-stream" };
  const response = await fetch(`${server.url}/classify`, { method: "POST", body: digit, headers });
  return { status: response.status, text: await response.text() };
}

function tail(samples: readonly number[]): { p99: number } {
  const sorted = samples.toSorted((a, b) => a - b);
  return { p99: sorted[Math.floor(0.99 * (sorted.length - 1))] ?? summarize(samples).p90 };
}

function perSecond(count: number, seconds: number): string {
  return Math.round(count / seconds).toLocaleString("en");
}
