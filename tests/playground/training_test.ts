import assert from "node:assert/strict";
import type { Engine } from "../../src/engine/engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { hashParameters } from "../../src/network/model_file.ts";
import { lifNetwork, notebookNetwork } from "../../src/network/presets.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import type { Recipe, TrainerMessage, TrainerReply } from "../../playground/logic/protocol.ts";
import { recipeOf, settingsOf } from "../../playground/logic/recipes.ts";
import { Trainer } from "../../playground/logic/training.ts";
import { startFromData } from "../../src/training/default_start.ts";
import { evaluate, train } from "../../src/training/trainer.ts";
import { structureOf } from "../../src/network/structure.ts";
import { drawDigits } from "../engine/drawn_digits.ts";

const kernels = await loadKernels();
const picture = { rows: 28, columns: 28 };
const DATA = { train: { ...drawDigits(1, 90), picture }, test: { ...drawDigits(2, 30), picture } };
const SPEC = notebookNetwork({ hidden: 11, steps: 9 });
const RECIPE: Recipe = {
  epochs: 3,
  batchSize: 17,
  step: { learningRate: 0.1, momentum: 0.5 },
  schedule: { kind: "constant" },
  seed: 5,
};
type Ended = TrainerReply & { readonly kind: "ended" };

/** A trainer and its messages. Every batch sends an inspection. */
function trainerOf(
  react: (reply: TrainerReply, trainer: Trainer) => void = () => {},
  opening: (spec: NetworkSpec, trainer: Trainer) => void | Promise<void> = () => {},
) {
  const replies: TrainerReply[] = [];
  const trainer: Trainer = new Trainer({
    async open(options) {
      await opening(options.spec, trainer);
      return createWasmEngine({ ...options, kernels, threads: 0 });
    },
    reply(reply) {
      replies.push(reply);
      react(reply, trainer);
    },
    lookEvery: 0,
    measureEvery: 0,
    rest: 0,
  });
  const begin = async (
    message: Partial<TrainerMessage & { kind: "train" }> = {},
    data = DATA,
  ): Promise<Ended> => {
    await trainer.handle({ kind: "data", ...data });
    const parameters = initialParameters(message.spec ?? SPEC, RECIPE.seed);
    const complete = {
      kind: "train",
      spec: SPEC,
      parameters,
      recipe: RECIPE,
      engine: "wasm",
      resumes: false,
    } as const;
    await trainer.handle({ ...complete, ...message });
    const last = replies.at(-1)!;
    assert.equal(last.kind, "ended", JSON.stringify(last));
    return last as Ended;
  };
  return { trainer, replies, begin };
}

/** Runs the event loop for as many turns as several batches take. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve));
}

/** The same training by the library's train(). */
async function expected(spec = SPEC, recipe = RECIPE, epochs = recipe.epochs): Promise<string> {
  using engine = createWasmEngine({ spec, kernels, threads: 0, seed: recipe.seed, batchSize: 90 });
  const start = recipe.startRate === undefined
    ? initialParameters(spec, recipe.seed)
    : (await startFromData(spec, DATA.train, { seed: recipe.seed, rate: recipe.startRate, engine: "wasm" }))
      .parameters;
  await engine.setParameters(start);
  await train(engine, { ...recipe, epochs, samples: DATA.train });
  return await hashParameters(await engine.getParameters());
}

Deno.test("Trainer gives the bits of train(), with any inspections during training", async () => {
  const { begin, replies } = trainerOf();
  const ended = await begin();
  assert.equal(await hashParameters(ended.parameters), await expected());
  assert.deepEqual([ended.how, ended.epochs, ended.heldBack.total], ["finished", 3, 30]);
  const kinds = (kind: TrainerReply["kind"]) => replies.filter((reply) => reply.kind === kind).length;
  assert.equal(kinds("batch"), 3 * 6);
  assert.ok(kinds("network") >= 18 && kinds("measured") >= 2);
});

Deno.test("Trainer evaluates the same held-back digits at every point of the curve", async () => {
  for (const [held, measured] of [[30, 30], [1100, 1000]] as const) {
    const test = { ...drawDigits(2, held), picture };
    const { begin, replies } = trainerOf();
    const ended = await begin({}, { ...DATA, test });
    const points = replies.flatMap((reply) => reply.kind === "measured" ? [reply.heldBack] : []);
    assert.ok(points.length > 2);
    assert.deepEqual([...new Set(points.map(({ total, of }) => `${total} of ${of}`))], [
      `${measured} of ${held}`,
    ]);
    // The last point belongs to the final weights; the final result is of all digits.
    using engine = createWasmEngine({ spec: SPEC, kernels, threads: 0, seed: RECIPE.seed, batchSize: 1000 });
    await engine.setParameters(ended.parameters);
    const [last, all] = [
      await evaluate(engine, { ...test, count: measured }, 1000),
      await evaluate(engine, test, 1000),
    ];
    assert.deepEqual([points.at(-1)?.accuracy, points.at(-1)?.done], [last.accuracy, 270]);
    assert.deepEqual([ended.heldBack.accuracy, ended.heldBack.total], [all.accuracy, held]);
  }
});

Deno.test("Trainer follows the recipe of a preset", async () => {
  const spec = lifNetwork({ hidden: 9, steps: 7 });
  const recipe = recipeOf("tuned", { ...settingsOf("tuned"), epochs: 1, seed: 3 }, true);
  assert.equal(recipe.startRate, 0.25);
  const ended = await trainerOf().begin({ spec, recipe, parameters: initialParameters(spec, 3) });
  assert.equal(await hashParameters(ended.parameters), await expected(spec, recipe));
});

Deno.test("Trainer gives the same bits at any pace, which may change in training", async () => {
  let batches = 0;
  const { begin, trainer } = trainerOf((reply, trainer) => {
    if (reply.kind === "batch") trainer.handle({ kind: "pace", rest: ++batches % 3 });
  });
  await trainer.handle({ kind: "pace", rest: 2 });
  assert.equal(await hashParameters((await begin()).parameters), await expected());
});

Deno.test("Trainer gives the same bits when paused, resumed, stopped and started again", async () => {
  let batches = 0;
  const resumeLater = async (trainer: Trainer) => {
    await turns(); // the current batch ends
    const before = batches;
    await turns();
    assert.equal(batches, before);
    await trainer.handle({ kind: "resume" });
  };
  const { begin, trainer, replies } = trainerOf((reply, trainer) => {
    if (reply.kind !== "batch") return;
    batches++;
    if (batches === 4) trainer.handle({ kind: "pause" }).then(() => resumeLater(trainer));
    if (batches === 8) trainer.handle({ kind: "stop" });
  });
  const stopped = await begin();
  assert.equal(stopped.how, "stopped");
  assert.equal(stopped.epochs, 1);
  const { parameters } = stopped;
  await trainer.handle({
    ...{ kind: "train", spec: SPEC, parameters, engine: "wasm", resumes: true },
    recipe: { ...RECIPE, epochs: 2 }, // after the complete one
  });
  const ended = replies.at(-1)!;
  assert.ok(ended.kind === "ended");
  assert.equal(ended.epochs, 3);
  assert.equal(await hashParameters(ended.parameters), await expected());
  const done = replies.flatMap((reply) => reply.kind === "batch" ? [reply.status.done] : []);
  assert.deepEqual(done, [...done].sort((a, b) => a - b));
  assert.equal(done.at(-1), 270);
});

Deno.test("Trainer ends when it is stopped while paused", async () => {
  const { begin } = trainerOf((reply, trainer) => {
    if (reply.kind !== "batch" || reply.status.done > 17) return;
    trainer.handle({ kind: "pause" }).then(turns).then(() => trainer.handle({ kind: "stop" }));
  });
  assert.equal((await begin()).how, "stopped");
});

Deno.test("Trainer takes a pause, other constants and a stop while its engine opens", async () => {
  const other = notebookNetwork({ hidden: 11, steps: 9, threshold: 0.5 });
  const whilePaused: string[] = [];
  const stopLater = async (trainer: Trainer) => {
    await turns();
    whilePaused.push(...replies.map(({ kind }) => kind));
    await trainer.handle({ kind: "stop" });
  };
  const { begin, replies } = trainerOf(undefined, async (spec, trainer) => {
    if (spec !== SPEC) return;
    await Promise.resolve(); // messages come one by one
    trainer.handle({ kind: "pause" });
    trainer.handle({ kind: "tune", spec: other });
    stopLater(trainer);
  });
  const ended = await begin();
  assert.ok(!whilePaused.includes("batch"), whilePaused.join(" "));
  assert.deepEqual([ended.how, ended.epochs, ended.spec], ["stopped", 0, other]);
});

Deno.test("Trainer refuses a second training and continues the first", async () => {
  const { begin, replies } = trainerOf((reply, trainer) => {
    if (reply.kind !== "batch" || reply.status.done !== 34) return;
    const parameters = initialParameters(SPEC, 0);
    trainer.handle({ kind: "train", spec: SPEC, parameters, recipe: RECIPE, engine: "wasm", resumes: false });
  });
  assert.equal(await hashParameters((await begin()).parameters), await expected());
  const failures = replies.flatMap((reply) => reply.kind === "failed" ? [reply.message] : []);
  assert.deepEqual(failures, ["a network is in training: stop it first"]);
});

Deno.test("Trainer takes other constants between two batches, with weights and momentum", async () => {
  const other = notebookNetwork({ hidden: 11, steps: 9, threshold: 0.5, decay: 0.7 });
  const opened: NetworkSpec[] = [];
  const { begin, replies } = trainerOf((reply, trainer) => {
    if (reply.kind === "batch" && reply.status.done === 34) trainer.handle({ kind: "tune", spec: other });
  }, (spec) => void opened.push(spec));
  const ended = await begin();
  assert.deepEqual(ended.spec, other);
  assert.deepEqual(opened, [SPEC, other]);
  assert.equal(replies.filter(({ kind }) => kind === "failed").length, 0);
  assert.notEqual(await hashParameters(ended.parameters), await expected());
  const seen = replies.flatMap((reply) =>
    reply.kind === "network" ? [structureOf(reply.spec).populations[0]!.neuron] : []
  );
  assert.deepEqual(seen[0], structureOf(SPEC).populations[0]!.neuron);
  assert.deepEqual(seen.at(-1), structureOf(other).populations[0]!.neuron);
});

Deno.test("Trainer sends a failure as one line, and can train again", async () => {
  const { trainer, replies, begin } = trainerOf();
  const train = {
    kind: "train",
    spec: SPEC,
    parameters: initialParameters(SPEC, 0),
    recipe: RECIPE,
  } as const;
  await trainer.handle({ ...train, engine: "wasm", resumes: false });
  await trainer.handle({ kind: "data", ...DATA });
  const spec = notebookNetwork({ inputs: 9, hidden: 3 });
  await trainer.handle({
    ...train,
    spec,
    parameters: initialParameters(spec, 0),
    engine: "wasm",
    resumes: false,
  });
  const recipe = { ...RECIPE, step: { learningRate: 1e30, momentum: 0.5 } };
  await trainer.handle({ ...train, recipe, engine: "wasm", resumes: false });
  const failures = replies.flatMap((reply) => reply.kind === "failed" ? [reply.message] : []);
  assert.equal(failures.length, 3, failures.join("; "));
  assert.match(failures[0]!, /^the digits are not loaded yet/);
  assert.match(failures[1]!, /784 features a sample, but the network takes 9/);
  assert.match(failures[2]!, /epoch 1/);
  assert.equal((await begin()).how, "finished");
});

Deno.test("Trainer closes its engines after training", async () => {
  const closed: string[] = [];
  const replies: TrainerReply[] = [];
  const trainer = new Trainer({
    open(options) {
      const engine = createWasmEngine({ ...options, kernels, threads: 0 }), close = engine.close.bind(engine);
      const noted: Engine & Disposable = Object.assign(engine, {
        close() {
          closed.push(options.recordStates ? "recording" : "training");
          close();
        },
      });
      return Promise.resolve(noted);
    },
    reply: (reply) => void replies.push(reply),
  });
  await trainer.handle({ kind: "data", ...DATA });
  await trainer.handle({
    ...{ kind: "train", spec: SPEC, parameters: initialParameters(SPEC, 5), engine: "wasm", resumes: false },
    recipe: { ...RECIPE, startRate: 0.2 },
  });
  assert.deepEqual(closed, ["recording", "training"]);
});
