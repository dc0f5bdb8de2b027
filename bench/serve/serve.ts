/**
 * `deno task bench:serve`: measures a server's throughput and latency, its behaviour under overload, and the size and the cold start
 * of a model at the edge. The load comes from the same machine, so on two cores it takes one of them.
 */
import { join } from "node:path";
import { Classifier } from "../../src/classify/classifier.ts";
import { createCommand } from "../../src/cli/command.ts";
import { describeFailure } from "../../src/cli/failure.ts";
import { numberOption, numbers } from "../../src/cli/option_values.ts";
import { loadMnist } from "../../src/data/mnist.ts";
import { createEngine } from "../../src/engine/create_engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { encodeModel, type Model } from "../../src/network/model_file.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { train } from "../../src/training/trainer.ts";
import { findWorkerd } from "../../tests/edge/workerd.ts";
import { describeMachine, machineLine } from "../machine.ts";
import { quantile } from "../rounds.ts";
import { type Row, type Section, sectionLines } from "../section.ts";
import { measureForms, measureSilence } from "./under_attack.ts";
import { bundleModel, load, type Measured, startServer, startSpikelet } from "./programs.ts";

const FOLDER = join("dist", "bench"), EDGE = join(FOLDER, "edge");
const MODEL = join(FOLDER, "model.safetensors"), DIGITS = join(FOLDER, "digits.bin");

/** How much is measured. */
const FULL = {
  /** Of each load. */
  seconds: 10,
  trainingSamples: 60_000,
  threads: [1, 2],
  connections: [1, 16, 64, 256, 1000],
  attack: { rounds: 30, senders: 64, silent: 1100, files: 1024 },
  /** Loads, after each of which the memory is read. */
  loads: 6,
  /** Starts of a program. */
  starts: 7,
};
type Sizes = Readonly<typeof FULL>;
const TINY: Sizes = {
  seconds: 1,
  trainingSamples: 100,
  threads: [1],
  connections: [8],
  attack: { rounds: 2, senders: 4, silent: 300, files: 256 },
  loads: 2,
  starts: 1,
};

const command = createCommand(
  "bench:serve",
  "Measure serving: latency, load, overload, attacks, memory, bundles and cold starts",
  "Leave the machine alone meanwhile. Fetches autocannon and workerd from npm.",
  "--seconds 10",
)
  .option("--tiny", "in some seconds, at a size whose figures mean nothing: to see that it runs")
  .addOption(
    numberOption("--seconds <number>", "for each load", numbers("1 or more", (n) => n >= 1)).default(
      FULL.seconds,
    ),
  );

try {
  const { tiny, seconds } = command.parse(Deno.args, { from: "user" }).opts();
  console.log(machineLine(describeMachine()));
  for await (const section of measureAll(tiny ? TINY : { ...FULL, seconds })) {
    console.log(`\n${sectionLines(section).join("\n")}`);
  }
} catch (error) {
  const { message, exitCode } = describeFailure(error);
  if (message !== "") console.error(message);
  Deno.exit(exitCode);
}
Deno.exit();

async function* measureAll(sizes: Sizes): AsyncGenerator<Section> {
  const digits = Uint8Array.from((await loadMnist(undefined, "test")).features.subarray(0, 784 * 100));
  const model = await trainModel(sizes.trainingSamples);
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeFile(MODEL, encodeModel(model));
  await Deno.writeFile(DIGITS, digits);
  yield await measureClassifier(model, digits);
  for (const threads of sizes.threads) yield await measureLoad(threads, sizes);
  yield await measureMemory(sizes);
  yield await measureForms(MODEL, DIGITS, sizes.attack);
  yield await measureSilence(MODEL, sizes.attack);
  yield await measureEdge(sizes, digits.slice(0, 784));
}

/** The notebook's network after an epoch. */
async function trainModel(limit: number): Promise<Model> {
  const spec = notebookNetwork();
  using engine = await createEngine({ spec });
  await engine.setParameters(initialParameters(spec, 0));
  const samples = await loadMnist(undefined, "train"), step = { learningRate: 0.1, momentum: 0.5 };
  await train(engine, { samples, epochs: 1, batchSize: 1000, step, seed: 0, limit });
  return { spec, parameters: await engine.getParameters(), metadata: { seed: "0" } };
}

/** The network alone, without HTTP. */
async function measureClassifier(model: Model, digits: Uint8Array<ArrayBuffer>): Promise<Section> {
  const rows: Row[] = [];
  for (const variant of ["plain", "relaxed"] as const) {
    const classifier = new Classifier(model, { kernels: await loadKernels(variant) });
    const samples = Array.from({ length: 2000 }, (_, i) => {
      const digit = digits.subarray(784 * (i % 100), 784 * (i % 100 + 1)), started = performance.now();
      classifier.classify(digit);
      return 1000 * (performance.now() - started);
    });
    rows.push({ name: `${variant} kernels`, unit: "µs a digit", samples: samples.slice(200) });
  }
  return { key: "classifier", title: "A digit without HTTP, one after the other", rows };
}

/** Latency and throughput at each number of connections. */
async function measureLoad(threads: number, { seconds, connections: levels }: Sizes): Promise<Section> {
  await using server = await startSpikelet(MODEL, ["--threads", `${threads}`]);
  await load(server.url, DIGITS, 8, 1); // so that V8 has compiled what is hot
  const rows: Row[] = [], remarks: string[] = [];
  for (const connections of levels) {
    const { latencies, lost, seconds: took } = await load(server.url, DIGITS, connections, seconds);
    const rates: string[] = [];
    for (const [status, samples] of Object.entries(latencies)) {
      const unit = `ms; p99 ${quantile(samples, 0.99).toFixed(1)}`;
      rows.push({ name: `${connections} connections, ${status}`, unit, samples });
      rates.push(`${Math.round(samples.length / took).toLocaleString("en")} a second with ${status}`);
    }
    remarks.push(`${connections} connections: ${[...rates, `${lost} lost`].join(", ")}`);
  }
  const title = `POST /classify of one digit, autocannon, --threads ${threads}`;
  return { key: `load-${threads}`, title, rows, remarks };
}

/** Resident memory after each of several loads. */
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

/** Sizes of a bundle, and a runtime's time from its start to its first answer. */
async function measureEdge({ starts: count }: Sizes, digit: Uint8Array<ArrayBuffer>): Promise<Section> {
  await bundleModel(MODEL, EDGE);
  const remarks: string[] = [], rows: Row[] = [];
  for (const name of ["spikelet.js", "kernels.plain.wasm", "model.safetensors", "fetch.js"]) {
    const file = await Deno.readFile(join(EDGE, name));
    const packed = new Blob([file]).stream().pipeThrough(new CompressionStream("gzip"));
    const sizes = [file, await new Response(packed).bytes()].map(({ length }) => length.toLocaleString("en"));
    remarks.push(`${name}: ${sizes[0]} bytes, ${sizes[1]} gzipped`);
  }
  const starts: [name: string, start: () => Promise<Measured>][] = [
    ["deno task serve", () => startSpikelet(MODEL, [])],
  ];
  const workerd = await findWorkerd();
  if ("path" in workerd) {
    const address = ["--socket-addr", "http=127.0.0.1:0", "--control-fd", "1"];
    const args = ["serve", join(EDGE, "config.capnp"), ...address];
    starts.push(["workerd", () => startServer(workerd.path, args)]);
  } else remarks.push(`workerd cannot be had here: ${workerd.reason}`);
  for (const [name, start] of starts) {
    const listening: number[] = [], first: number[] = [], second: number[] = [];
    for (let i = 0; i < count; i++) {
      await using server = await start();
      listening.push(server.milliseconds);
      for (const samples of [first, second]) samples.push(await answerTime(server.url, digit));
    }
    rows.push(
      { name: `${name}: process until it listens`, unit: "ms", samples: listening },
      { name: `${name}: first answer`, unit: "ms", samples: first },
      { name: `${name}: second answer`, unit: "ms", samples: second },
    );
  }
  return { key: "edge", title: "A model at the edge", rows, remarks };
}

/** Milliseconds from the request to the whole answer. */
async function answerTime(url: string, body: Uint8Array<ArrayBuffer>): Promise<number> {
  const headers = { "content-type": "application/octet-stream" }, started = performance.now();
  await (await fetch(`${url}/classify`, { method: "POST", body, headers })).text();
  return performance.now() - started;
}
