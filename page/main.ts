/**
 * The page: what is done when something is clicked, drawn, turned or told by a worker.
 *
 * @module
 */
import { centreDigit } from "../src/classify/centre.ts";
import { readIdxBlob } from "../src/data/idx.ts";
import { labelledImages, type NamedIdx } from "../src/data/labelled_images.ts";
import { InputError } from "../src/errors.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { decodeModel, encodeModel } from "../src/network/model_file.ts";
import { type PresetName, presetOf, PRESETS } from "../src/network/presets.ts";
import { classesOf, type NetworkSpec, sampleSize } from "../src/network/spec.ts";
import { CONSTANT_STEP, constantsOf, layersInWords, withConstant } from "../src/page/constants.ts";
import { type Digits, unpackDigits } from "../src/page/digits.ts";
import {
  type LookerMessage,
  type LookerReply,
  PAGE_ENGINES,
  type Sight,
  type TrainerMessage,
  type TrainerReply,
} from "../src/page/protocol.ts";
import { recipeOf } from "../src/page/recipes.ts";
import { Pad } from "./pad.ts";
import { drawBars, drawCurve, drawDecision, drawRasters, type Point } from "./pictures.ts";

const SIDE = 28, SEED = 0;
/** How long a digit's spikes take to travel, in milliseconds. */
const TRAVEL = 1200;

function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}
const button = (id: string) => element(id, HTMLButtonElement);
const canvas = (id: string) => element(id, HTMLCanvasElement);
const text = (id: string, words: string) => element(id, HTMLElement).textContent = words;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const count = (value: number) => Math.round(value).toLocaleString("en");

/** Everything that changes. */
interface State {
  preset: PresetName | undefined;
  spec: NetworkSpec;
  /** Before sliders were turned. */
  original: NetworkSpec;
  parameters: ReadonlyMap<string, Float32Array>;
  digits: Digits | undefined;
  pixels: Uint8Array<ArrayBuffer> | undefined;
  training: "no" | "yes" | "held";
  /** Whether the trainer can go on with this network where it ended. */
  goesOn: boolean;
  nextDigit: number;
  sight: Sight | undefined;
  batches: Point[];
  held: Point[];
  total: number;
}

const state: State = {
  ...untrained("seed"),
  digits: undefined,
  pixels: undefined,
  training: "no",
  nextDigit: 0,
  sight: undefined,
};

function untrained(preset: PresetName) {
  const spec = presetOf(preset).network();
  return {
    preset,
    spec,
    original: spec,
    parameters: initialParameters(spec, SEED),
    goesOn: false,
    batches: [],
    held: [],
    total: 0,
  };
}

const trainer = new Worker(new URL("trainer.js", import.meta.url), { type: "module" });
const looker = new Worker(new URL("looker.js", import.meta.url), { type: "module" });
const tell = (message: TrainerMessage) => trainer.postMessage(message);
const notice = (words: string) => text("notice", words);

/** Shows the present picture to the present network, one at a time: of those asked for meanwhile only the last counts. */
let looking = false, lookAgain = false;
function look(): void {
  if (!state.pixels) return;
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  const { spec, parameters, pixels } = state;
  const message: LookerMessage = { spec, parameters, seed: SEED, precision: "f32", pixels };
  looker.postMessage(message);
}

looker.onmessage = ({ data }: MessageEvent<LookerReply>) => {
  looking = false;
  if (lookAgain) {
    lookAgain = false;
    look();
  }
  if (!state.pixels) return;
  if (data.kind === "failed") return notice(data.message);
  state.sight = data;
  show(data);
};

let frame = 0;
function show(sight: Sight): void {
  const canvases = layOutRasters(sight.spec);
  const certainty = percent(sight.probabilities[sight.digit] ?? 0);
  text("answer", `It names a ${sight.digit}, ${certainty} sure, after ${count(sight.spikes)} spikes.`);
  drawBars(canvas("bars"), sight);
  cancelAnimationFrame(frame);
  const { steps } = sight.spec;
  const isCalm = state.training === "yes" || matchMedia("(prefers-reduced-motion: reduce)").matches;
  const began = performance.now();
  const draw = () => {
    const share = isCalm ? 1 : Math.min(1, (performance.now() - began) / TRAVEL);
    const until = Math.ceil(share * steps);
    drawRasters(canvases, sight, until);
    drawDecision(canvas("decision"), sight, until);
    if (share < 1) frame = requestAnimationFrame(draw);
  };
  draw();
}

/** A canvas a layer. */
function layOutRasters({ layers, steps }: NetworkSpec): HTMLCanvasElement[] {
  const box = element("rasters", HTMLElement);
  const captions = layers.map(({ units }, i) =>
    `${i === layers.length - 1 ? "Output" : `Layer ${i + 1}`}: ${count(units)} units, ${count(steps)} steps`
  );
  const present = [...box.querySelectorAll("figcaption")].map(({ textContent }) => textContent);
  if (captions.join("|") !== present.join("|")) {
    box.replaceChildren(...captions.map((caption) => {
      const figure = document.createElement("figure"), words = document.createElement("figcaption");
      const raster = document.createElement("canvas");
      raster.setAttribute("role", "img");
      raster.setAttribute("aria-label", `Spikes. ${caption}`);
      words.textContent = caption;
      figure.append(raster, words);
      return figure;
    }));
  }
  return [...box.querySelectorAll("canvas")];
}

const pad = new Pad(canvas("pad"), () => {
  state.pixels = centreDigit(pad.picture(), SIDE);
  look();
});

button("clear").onclick = () => {
  pad.clear();
  state.pixels = state.sight = undefined;
  cancelAnimationFrame(frame);
  text("answer", "Draw, or take a test digit.");
};
button("next").onclick = () => {
  if (!state.digits) return;
  const { features, count, labels } = state.digits.test, index = state.nextDigit++ % count;
  state.pixels = Uint8Array.from(features.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE));
  pad.show(state.pixels, SIDE);
  notice(`Test digit ${index + 1} is a ${labels[index]}.`);
  look();
};

/** Takes another network. */
function take(
  network: Pick<
    State,
    "preset" | "spec" | "original" | "parameters" | "goesOn" | "batches" | "held" | "total"
  >,
): void {
  Object.assign(state, network);
  element("progress", HTMLProgressElement).value = 0;
  drawCurve(canvas("curve"), [], [], 1);
  layOutSliders();
  layOutRasters(state.spec);
  look();
}

const preset = element("preset", HTMLSelectElement);
for (const [name, { summary }] of Object.entries(PRESETS)) {
  preset.add(new Option(`${name}: ${summary}`, name));
}
const isPreset = (name: string): name is PresetName => Object.hasOwn(PRESETS, name);
const startAnew = () => {
  if (isPreset(preset.value)) take(untrained(preset.value));
  text("standing", "Not trained yet.");
};
preset.onchange = startAnew;
button("fresh").onclick = startAnew;

function layOutSliders(): void {
  const box = element("sliders", HTMLElement);
  box.replaceChildren(
    ...constantsOf(state.original).map((constant) => {
      const { name, layers, value, least, most } = constant;
      const label = document.createElement("label"), input = document.createElement("input");
      const output = document.createElement("output");
      label.className = "slider";
      Object.assign(input, { type: "range", min: least, max: most, step: CONSTANT_STEP });
      input.value = String(value);
      input.dataset.constant = name;
      output.textContent = value.toFixed(2);
      input.oninput = () => {
        state.spec = withConstant(state.spec, { name, layers }, input.valueAsNumber);
        output.textContent = input.valueAsNumber.toFixed(2);
        if (state.training !== "no") tell({ kind: "tune", spec: state.spec });
        state.goesOn = false;
        look();
      };
      label.append(`${name} of ${layersInWords(constant, state.original)}`, output, input);
      return label;
    }),
  );
}
button("reset").onclick = () => {
  state.spec = state.original;
  if (state.training !== "no") tell({ kind: "tune", spec: state.spec });
  layOutSliders();
  look();
};

function setTraining(training: State["training"]): void {
  state.training = training;
  const is = training !== "no";
  button("train").disabled = is || !state.digits;
  button("pause").disabled = button("stop").disabled = !is;
  button("pause").textContent = training === "held" ? "Go on" : "Pause";
  for (const id of ["fresh"]) button(id).disabled = is;
  preset.disabled = is;
  element("load", HTMLInputElement).disabled = element("idx", HTMLInputElement).disabled = is;
}

const engine = element("engine", HTMLSelectElement);
button("train").onclick = () => {
  const epochs = Math.min(
    100,
    Math.max(1, Math.round(element("epochs", HTMLInputElement).valueAsNumber || 1)),
  );
  const name = PAGE_ENGINES.find((name) => name === engine.value) ?? "wasm";
  const recipe = recipeOf(state.preset ?? "seed", { epochs, seed: SEED });
  const { startRate: _startRate, ...learned } = recipe;
  const isNew = state.batches.length === 0 && state.preset !== undefined;
  state.batches = [];
  state.held = [];
  setTraining("yes");
  notice("");
  tell({
    kind: "train",
    spec: state.spec,
    parameters: state.parameters,
    recipe: isNew ? recipe : learned,
    engine: name,
    goesOn: state.goesOn && recipe.schedule.kind === "constant",
  });
};
button("pause").onclick = () => {
  const isHeld = state.training === "held";
  tell({ kind: isHeld ? "resume" : "pause" });
  setTraining(isHeld ? "yes" : "held");
};
button("stop").onclick = () => tell({ kind: "stop" });

trainer.onmessage = ({ data }: MessageEvent<TrainerReply>) => {
  switch (data.kind) {
    case "started":
      return text("engine-note", data.engine.replace(/, 0 threads$/, ", in a worker of the page"));
    case "batch": {
      const { epoch, batch, batches, done, total, loss, accuracy, firingRate, samplesPerSecond } =
        data.standing;
      state.batches.push({ done, accuracy });
      state.total = total;
      element("progress", HTMLProgressElement).value = done / total;
      text(
        "standing",
        `Epoch ${epoch}, batch ${batch} of ${batches}: loss ${loss.toFixed(4)}, accuracy ${
          percent(accuracy)
        }, ${percent(firingRate)} of hidden units fire, ${count(samplesPerSecond)} samples a second`,
      );
      return drawCurve(canvas("curve"), state.batches, state.held, total);
    }
    case "measured":
      state.held.push(data.heldBack);
      return drawCurve(canvas("curve"), state.batches, state.held, state.total);
    case "network":
      state.parameters = data.parameters;
      return look();
    case "ended": {
      state.parameters = data.parameters;
      state.goesOn = true;
      state.held.push(data.heldBack);
      drawCurve(canvas("curve"), state.batches, state.held, state.total);
      const { accuracy, total } = data.heldBack;
      text(
        "standing",
        `${data.how === "stopped" ? "Stopped" : "Done"}: ${percent(accuracy)} of ${
          count(total)
        } held-back digits right.`,
      );
      setTraining("no");
      return look();
    }
    case "notice":
      return notice(data.message);
    case "failed":
      setTraining("no");
      return text("standing", data.message);
    default:
      return data satisfies never;
  }
};

button("save").onclick = () => {
  const bytes = encodeModel({ spec: state.spec, parameters: state.parameters, metadata: {} });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = "model.safetensors";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
};

async function loadModel(file: File): Promise<void> {
  const { spec, parameters } = decodeModel(new Uint8Array(await file.arrayBuffer()), file.name);
  if (sampleSize(spec) !== SIDE * SIDE || classesOf(spec) !== 10) {
    throw new InputError(
      `${file.name}: its network takes ${sampleSize(spec)} values and names ${
        classesOf(spec)
      } classes: expected 784 and 10`,
    );
  }
  take({
    preset: undefined,
    spec,
    original: spec,
    parameters,
    goesOn: false,
    batches: [],
    held: [],
    total: 0,
  });
  text("standing", `${file.name} is loaded.`);
}

async function loadIdx(files: readonly File[]): Promise<void> {
  const named = await Promise.all(
    files.map(async (file): Promise<NamedIdx> => ({
      ...await readIdxBlob(file, file.name),
      name: file.name,
    })),
  );
  const pairOf = (isTrain: boolean) => {
    const pick = (dimensions: number) =>
      named.find(({ name, shape }) => /^t10k/.test(name) !== isTrain && shape.length === dimensions);
    const images = pick(3), labels = pick(1);
    if (!images || !labels) {
      throw new InputError("expected MNIST's four files: train-… and t10k-…, images and labels of each");
    }
    const samples = labelledImages(isTrain ? "training digits" : "test digits", images, labels);
    if (samples.size !== SIDE * SIDE) {
      throw new InputError(`${images.name}: expected pictures of 28 × 28 pixels`);
    }
    return samples;
  };
  useDigits({ train: pairOf(true), test: pairOf(false) });
}

function useDigits(digits: Digits): void {
  state.digits = digits;
  state.goesOn = false;
  tell({ kind: "data", ...digits });
  const facts = `${count(digits.train.count)} digits to learn from, ${count(digits.test.count)} held back`;
  text("standing", `${facts}. Not trained yet.`);
  setTraining("no");
}

/** Carries out what a file picker asks for; what goes wrong is told in a line, and nothing is lost. */
function onFiles(id: string, use: (files: readonly File[]) => Promise<void>): void {
  const input = element(id, HTMLInputElement);
  input.onchange = async () => {
    const files = [...input.files ?? []];
    input.value = "";
    try {
      if (files.length > 0) await use(files);
      notice("");
    } catch (error) {
      notice(error instanceof Error ? error.message : String(error));
    }
  };
}
onFiles("load", ([file]) => loadModel(file!));
onFiles("idx", loadIdx);

/** WebGPU can be chosen where there is an adapter that is not software. */
async function offerWebGpu(): Promise<void> {
  const option = engine.options[1]!;
  option.disabled = true;
  const gpu: unknown = Reflect.get(navigator, "gpu");
  const adapter = gpu instanceof Object && "requestAdapter" in gpu && typeof gpu.requestAdapter === "function"
    ? await gpu.requestAdapter().catch(() => null)
    : null;
  option.disabled = !adapter || adapter.info?.isFallbackAdapter === true;
  if (option.disabled) text("engine-note", "WebGPU cannot be chosen: this browser offers no GPU.");
}

addEventListener("resize", () => state.sight && show(state.sight));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (state.sight) show(state.sight);
  drawCurve(canvas("curve"), state.batches, state.held, Math.max(1, state.total));
});

take(untrained("seed"));
void offerWebGpu();
try {
  const response = await fetch(new URL("digits.bin", import.meta.url));
  if (!response.ok) throw new InputError(`the page's digits: the server answered ${response.status}`);
  const packed = await response.blob();
  useDigits(await unpackDigits(packed));
  text(
    "facts",
    `The page brings ${
      count(packed.size)
    } bytes of MNIST (LeCun, Cortes & Burges). Nothing leaves your browser.`,
  );
} catch (error) {
  notice(error instanceof Error ? error.message : String(error));
}
