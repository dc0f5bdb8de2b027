/** The page: connects the user's input, the workers and the views. */
import { centreDigit } from "../src/data/centre.ts";
import { pictureSide, pictureSizeOf } from "../src/classify/picture_side.ts";
import { KNOWN_SETS } from "../src/data/known_classes.ts";
import { percent } from "../src/report/words.ts";
import { count, counted } from "../src/text/figures.ts";
import { findAdapters } from "../src/engine/gpu/adapter.ts";
import { bytesOfModel, precisionOf, seedOf } from "../src/engine/model_options.ts";
import { InputError } from "../src/errors.ts";
import { filledNames, shownName } from "../src/network/class_names.ts";
import { classNamesOf } from "../src/network/output_names.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import type { PageEngine, Recipe, TrainerReply } from "./logic/protocol.ts";
import { recipeNameOf, recipeOf, type Settings } from "./logic/recipes.ts";
import type { Digits } from "./logic/subset.ts";
import { sizesOf } from "../src/network/words.ts";
import { fitSamples } from "../src/training/fit.ts";
import { AnswerView } from "./answer_view.ts";
import { ConstantsView } from "./constants_view.ts";
import { type DescribedDigits, DigitCycle, fetchDigits, pickedDigits } from "./digits.ts";
import { element, make } from "./elements.ts";
import { Pad } from "./pad.ts";
import { pictureShapeOf, type Samples } from "../src/data/samples.ts";
import { loadNetwork, newNetwork, type Present, relearned, retuned, saveNetwork } from "./present.ts";
import { TrainingView, usualHidden, type WebGpuOffer } from "./training_view.ts";
import { openTrainer, RequestQueue } from "./workers.ts";

/** Maximum number of buttons for test digits, and of characters on one. */
const MOST_BUTTONS = 10, MOST_NAME = 12;
const THREADS = globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;

let present: Present = newNetwork(
  "notebook",
  { inputs: 784, shape: [1, 28, 28], hidden: usualHidden("notebook"), classes: 10 },
  0,
  KNOWN_SETS.mnist.classes,
);
let digits: Digits | undefined;
/** The digits that the trainer has. */
let sent: Readonly<Record<keyof Digits, Samples>> | undefined;
let digitCycle: DigitCycle | undefined;
/** The picture to classify; undefined where the pad is empty. */
let pixels: Uint8Array | undefined;
let training: { readonly recipe: Recipe; readonly key: string } | undefined;
/** Result of the last training, and its recipe's key: training resumes if both are unchanged. */
let ended: { readonly parameters: Present["parameters"]; readonly key: string } | undefined;
let frame: number | undefined;

const answer = new AnswerView();
const requests = new RequestQueue(alarm);
const send = openTrainer(onMessage);
const constants = new ConstantsView((spec) => {
  setPresent(retuned(present, spec));
  if (training) send({ kind: "tune", spec });
  look("whole");
});
const pad = new Pad(element("pad", HTMLCanvasElement), {
  drawing() {
    element("pad-hint", HTMLElement).hidden = true;
    element("source", HTMLElement).textContent = "";
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      takePad("whole");
    });
  },
  drawn: () => takePad("play"),
});
const controls = new TrainingView({
  train: begin,
  pause() {
    send({ kind: "pause" });
    controls.setState("paused");
    controls.say("Paused.");
  },
  resume() {
    send({ kind: "resume" });
    controls.setState("running");
  },
  stop() {
    send({ kind: "stop" });
    controls.setState("stopping");
    controls.say("Stopping…");
  },
  renew(preset, { hidden, seed }) {
    if (!mayReplace()) return false;
    const units = preset === present.preset ? hidden : usualHidden(preset);
    const classes = Math.max(10, 1 + (digits?.train.labels ?? new Uint8Array()).reduce(largest, 0));
    const names = digits ? digits.train.classes : KNOWN_SETS.mnist.classes;
    const sizes = {
      inputs: digits?.train.size ?? 784,
      shape: (digits && pictureShapeOf(digits.train)) ?? [1, 28, 28] as const,
      hidden: units,
      classes,
    };
    replace(newNetwork(preset, sizes, seed, names));
    return true;
  },
}, alarm);

const largest = (a: number, b: number) => Math.max(a, b);

/** Shows an error in one line. */
function alarm(error: unknown): void {
  element("alert-text", HTMLElement).textContent = error instanceof Error ? error.message : String(error);
  element("alert", HTMLElement).hidden = false;
}

function calm(): void {
  element("alert", HTMLElement).hidden = true;
}

/** Whether the present network may be replaced: an unsaved one needs the user's consent. */
function mayReplace(): boolean {
  return present.isKept || confirm("The present network has not been saved. Replace it?");
}

/** Replaces the present network. */
function replace(next: Present): void {
  calm();
  setPresent(next);
  answer.arrange(next.spec, classNamesOf(next));
  constants.show(next.spec);
  controls.showNetwork(
    next.preset,
    next.title,
    structureOf(next.spec).populations[0]!.units,
    recipeNameOf(next),
  );
  offerDigits();
  if (pixels && pixels.length === structureOf(next.spec).inputs) look("whole");
  else clear();
}

function setPresent(next: Present): void {
  present = next;
  const sizes = sizesOf(next.spec).replaceAll("-", "–"), steps = counted(next.spec.steps, "step");
  element("network-line", HTMLElement).textContent = `${sizes}, ${steps}: ${next.title}`;
}

function side(): number {
  return pictureSide(present.spec) ?? 28; // loadNetwork refuses networks without one
}

/** Classifies the picture, and shows the answer. */
function look(how: "play" | "whole"): void {
  if (!pixels) return;
  const { spec, parameters } = present;
  const bytes = bytesOfModel(present), seed = seedOf(present), precision = precisionOf(present);
  const request = { spec, parameters, seed, precision, pixels, bytes };
  requests.add({ ...request, onAnswer: (inspection) => pixels && answer.show(inspection, how) });
}

function takePad(how: "play" | "whole"): void {
  const centred = centreDigit(pad.picture(), side());
  if (!centred.some((ink) => ink > 0)) return;
  // A network for colours sees the same in each of them.
  const channels = pictureSizeOf(present.spec)?.channels ?? 1;
  pixels = new Uint8Array(channels * centred.length);
  for (let channel = 0; channel < channels; channel++) pixels.set(centred, channel * centred.length);
  look(how);
}

function clear(): void {
  pad.clear();
  pixels = undefined;
  answer.clear();
  element("pad-hint", HTMLElement).hidden = false;
  element("source", HTMLElement).textContent = "";
}

function showDigit(label?: number): void {
  const at = digitCycle?.next(label);
  if (at === undefined || !digits) {
    const name = label === undefined ? "digit" : nameOfDigit(label);
    return alarm(`there is no ${name} among the held-back digits`);
  }
  const { features, labels, size, count: all } = digits.test;
  pixels = Uint8Array.from(features.subarray(at * size, (at + 1) * size));
  pad.show(pixels, Math.sqrt(size));
  element("pad-hint", HTMLElement).hidden = true;
  element("source", HTMLElement).textContent = `Test digit ${count(at)} of ${count(all)}: it is a ${
    nameOfDigit(labels[at]!)
  }.`;
  look("play");
}

/** Name of a class of the digits: from the digits, or else from the network. */
function nameOfDigit(label: number): string {
  const names = digits?.test.classes ?? classNamesOf(present);
  return shownName(names[label] ?? String(label), MOST_NAME);
}

/** Makes the buttons for test digits, which work if the digits fit the network. */
function offerDigits(): void {
  const isOff = digits?.test.size !== structureOf(present.spec).inputs;
  element("next-digit", HTMLButtonElement).disabled = isOff;
  const buttons = Array.from(
    { length: Math.min(MOST_BUTTONS, structureOf(present.spec).classes) },
    (_, label) => {
      const name = nameOfDigit(label);
      const button = make("button", { type: "button", "aria-label": `Test digit ${name}` }, name);
      button.disabled = isOff;
      button.onclick = () => showDigit(label);
      return button;
    },
  );
  const keys = element("digit-buttons", HTMLElement);
  keys.replaceChildren(...buttons);
  keys.classList.toggle("words", buttons.some(({ textContent }) => textContent.length > 2));
}

function takeDigits(taken: DescribedDigits): void {
  digits = taken.digits;
  digitCycle = new DigitCycle(digits.test);
  ended = undefined;
  element("data-line", HTMLElement).textContent = taken.line;
  sent = digits;
  send({ kind: "data", ...digits });
  offerDigits();
  controls.setState("ready");
}

function begin(settings: Settings, engine: PageEngine): void {
  calm();
  const recipe = recipeOf(recipeNameOf(present), settings, present.isNew);
  const key = keyOf(recipe, engine);
  if (digits) fitDigits(digits);
  const { spec, parameters } = present;
  const resumes = ended?.parameters === parameters && ended.key === key;
  training = { recipe, key };
  controls.setState("running");
  controls.started(resumes);
  lockFiles(true);
  send({ kind: "train", spec, parameters, recipe, engine, resumes });
}

/** Sends the trainer the digits with the network's labels for their classes, and names the network's classes by theirs. */
function fitDigits(digits: Digits): void {
  const { spec, title } = present, advice = "press New, or choose another network";
  const fit = (part: Digits["train"]) => fitSamples(present, title, part, advice).samples;
  const fitted = { train: fit(digits.train), test: fit(digits.test) };
  if (fitted.train.labels !== sent?.train.labels || fitted.test.labels !== sent.test.labels) {
    sent = fitted;
    send({ kind: "data", ...fitted });
  }
  if (present.classes || !digits.train.classes) return;
  setPresent({ ...present, classes: filledNames(digits.train.classes, structureOf(spec).classes) });
  answer.arrange(spec, classNamesOf(present));
}

/** The parts of a recipe that a resume must share with the last training. */
function keyOf({ epochs: _epochs, startRate: _startRate, ...rest }: Recipe, engine: PageEngine): string {
  return JSON.stringify([rest, engine]);
}

function onMessage(reply: TrainerReply): void {
  switch (reply.kind) {
    case "started":
      return controls.progress(`${reply.engine}.`);
    case "batch":
      return controls.batch(reply.status);
    case "measured":
      return controls.measured(reply.heldBack);
    case "network":
      return learned(reply.parameters, reply.spec);
    case "ended":
      return finish(reply);
    case "notice":
      return alarm(reply.message);
    case "failed":
      if (training) controls.say("Training ended early.");
      release();
      return alarm(reply.message);
    default:
      return reply satisfies never;
  }
}

/** Takes trained weights. Constants stay those of the sliders, which the trainer may not have received yet. */
function learned(parameters: Present["parameters"], spec: NetworkSpec): void {
  if (sizesOf(spec) !== sizesOf(present.spec)) return;
  setPresent(relearned(present, parameters));
  look("whole");
}

function finish({ parameters, spec, epochs, heldBack, how }: TrainerReply & { kind: "ended" }): void {
  if (!training) return;
  const { recipe, key } = training, { step, augmentation, startRate, seed } = recipe;
  learned(parameters, spec);
  const { model = "page" } = present.metadata;
  setPresent({
    ...present,
    metadata: {
      model,
      seed: String(seed),
      epochs: String(epochs),
      precision: "f32",
      optimizer: JSON.stringify(step),
      ...(augmentation && { augmentation: JSON.stringify(augmentation) }),
      start: startRate === undefined ? present.metadata.start ?? "xavier" : `rate ${startRate}`,
      accuracy: String(heldBack.accuracy),
      measuredOn: `${heldBack.total} held-back digits`,
    },
  });
  ended = { parameters: present.parameters, key };
  controls.ended(heldBack);
  const end = how === "finished" ? "Done" : "Stopped", accuracy = percent(heldBack.accuracy, 1);
  const digits = `${count(heldBack.total)} held-back digits`;
  controls.say(`${end} after ${counted(epochs, "epoch")}: ${accuracy} of ${digits}.`);
  release();
}

/** Returns the controls to their state outside training. */
function release(): void {
  training = undefined;
  lockFiles(false);
  controls.setState(digits ? "ready" : "waiting");
}

function lockFiles(isLocked: boolean): void {
  for (const id of ["model-file", "data-files"]) element(id, HTMLInputElement).disabled = isLocked;
}

/** Loads picked or dropped files: a model, or the four files of a data set. */
async function takeFiles(files: readonly File[]): Promise<void> {
  const [first] = files;
  if (!first) return;
  try {
    if (training) throw new InputError(`${first.name}: a network is in training: stop it first`);
    calm();
    controls.setState("waiting"); // no training may begin while network or digits change
    if (files.length === 1 && !/idx/i.test(first.name)) {
      const loaded = await loadNetwork(first, first.name);
      if (mayReplace()) replace(loaded);
    } else takeDigits(await pickedDigits(files));
  } catch (error) {
    alarm(error);
  }
  if (!training) controls.setState(digits ? "ready" : "waiting");
}

async function save(): Promise<void> {
  try {
    const url = URL.createObjectURL(await saveNetwork(present));
    make("a", { href: url, download: `spikelet-${present.preset ?? "model"}.safetensors` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may ask where to first
    present = { ...present, isKept: true };
  } catch (error) {
    alarm(error);
  }
}

/** Finds a WebGPU adapter. */
async function findWebGpu(): Promise<WebGpuOffer> {
  const none = (why: string) => ({ isThere: false, note: `No WebGPU: ${why}.` });
  if (!("gpu" in navigator)) return none("this browser has none, or needs this page over https");
  const [found] = await findAdapters();
  if (!found) return none("this browser found no adapter");
  const { isSoftware, name } = found.description;
  return {
    isThere: true,
    note: isSoftware
      ? `WebGPU's adapter computes on the CPU (${name}), slower than WASM.`
      : `WebGPU works on ${name}; it is fetched when it is chosen.`,
  };
}

element("clear", HTMLButtonElement).onclick = clear;
element("next-digit", HTMLButtonElement).onclick = () => showDigit();
element("save", HTMLButtonElement).onclick = save;
element("alert-close", HTMLButtonElement).onclick = calm;
for (const id of ["model-file", "data-files"]) {
  const input = element(id, HTMLInputElement);
  input.onchange = async () => {
    await takeFiles([...input.files ?? []]);
    input.value = ""; // so that the same file can be picked again
  };
}
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  takeFiles([...event.dataTransfer?.files ?? []]);
});
addEventListener("beforeunload", (event) => {
  if (!present.isKept) event.preventDefault();
});

element("unserved", HTMLElement).remove();
replace(present);
const threads = THREADS === 1 ? "1 thread" : `${THREADS} threads`;
controls.offerEngines(threads, { isThere: false, note: "Looking for WebGPU." });
findWebGpu().then((offer) => controls.offerEngines(threads, offer), alarm);

/** Fetches the model that the page was built with, if any. */
async function fetchModel(): Promise<void> {
  const { model } = document.documentElement.dataset;
  if (!model) return;
  try {
    const response = await fetch(new URL(model, document.baseURI));
    if (!response.ok) throw new InputError(`${model}: the server answered ${response.status}`);
    replace(await loadNetwork(await response.blob(), model));
  } catch (error) {
    alarm(error);
  }
}

// Digits enable training, so they come after the model.
Promise.all([fetchDigits(), fetchModel()]).then(([fetched]) => takeDigits(fetched)).catch((error) => {
  element("data-line", HTMLElement).textContent = "The digits could not be loaded: pick MNIST's four files.";
  alarm(error);
});
