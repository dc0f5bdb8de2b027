/**
 * Inference in any runtime: one sample in, an answer out, in the caller's own thread.
 *
 * It needs neither Deno nor files or workers, and compiles nothing: the caller passes the kernels as a `WebAssembly.Module`, since
 * some runtimes (workerd, Cloudflare's) import one and forbid compiling one. The same model, sample and seed give the same
 * bits wherever the `plain` kernels run.
 */
import { checkKernels } from "../engine/checks.ts";
import { precisionOf, seedOf } from "../engine/model_options.ts";
import type { ByteMeaning } from "../data/samples.ts";
import type { Precision } from "../engine/wasm/precision.ts";
import type { KernelModule } from "../engine/wasm/kernels.ts";
import { classNamesOf } from "../network/output_names.ts";
import { foldBatchNorm } from "../network/fold.ts";
import { checkModel, decodeModel, type Model } from "../network/model_file.ts";
import { type NetworkSpec, sampleSize } from "../network/spec.ts";
import { checkObject, checkWhole } from "../misuse.ts";
import { contentId } from "../random.ts";
import { type Features, SampleForm, type SampleInput } from "./sample_form.ts";
import { SingleSample } from "./single_sample.ts";
import { softmax } from "./softmax.ts";

export {
  type Features,
  type NumberArray,
  type NumberLists,
  SampleForm,
  type SampleInput,
  type TakenSample,
} from "./sample_form.ts";

/** The network's answer to a sample. */
export interface Answer {
  /** The class of the largest logit, the first of equals, from 0. */
  readonly label: number;
  /** Name of that class; its index as text where the model has no names. */
  readonly name: string;
  /** Softmax of the logits, one a class. */
  readonly probabilities: readonly number[];
  /** Spikes of the hidden layers. */
  readonly spikes: number;
}

/** How to make a {@linkcode Classifier}. */
export interface ClassifierOptions {
  /** The kernels, compiled. `plain` gives the same bits everywhere. */
  readonly kernels: KernelModule;
  /** Seed of the noise. @default {the one that the model was trained with} */
  readonly seed?: number;
  /** Numbers of the product with noisy inputs. @default {the model's own} */
  readonly precision?: Precision;
}

/** Seeds are whole numbers below this. */
export const SEEDS: number = Number.MAX_SAFE_INTEGER + 1;

/**
 * A trained network, ready to answer.
 *
 * @example
 * ```ts
 * import { Classifier, initialParameters, loadKernels, notebookNetwork } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork({ hidden: 20, steps: 16 });
 * const model = { spec, parameters: initialParameters(spec, 0), metadata: {} };
 * const classifier = new Classifier(model, { kernels: await loadKernels("plain") });
 * const { label, name, probabilities, spikes } = classifier.classify(new Uint8Array(784));
 * console.log(name, probabilities[label], spikes);
 * ```
 */
export class Classifier {
  /** The network's description. */
  readonly spec: NetworkSpec;
  /** Features of one sample. */
  readonly size: number;
  /** Names of the classes, in the order of their probabilities; their indices as text where the model has no names. */
  readonly classes: readonly string[];
  /** The default seed of the noise. */
  readonly seed: number;
  /** Meaning of a sample's bytes: that of the model's training data. */
  readonly bytes: ByteMeaning;
  /** The form of its samples. */
  readonly form: SampleForm;
  readonly #network: SingleSample;

  /** Copies the weights into a memory of its own, some megabytes for the notebook's network. */
  constructor(model: Model, options: ClassifierOptions) {
    checkModel(model);
    checkObject("options", options, "an object with kernels");
    const { kernels, seed = seedOf(model), precision = precisionOf(model) } = options;
    checkKernels(kernels);
    checkWhole("seed", seed, 0);
    this.spec = model.spec;
    this.size = sampleSize(model.spec);
    this.classes = classNamesOf(model);
    this.seed = seed;
    this.form = new SampleForm(model);
    this.bytes = this.form.bytes;
    const { spec, parameters } = foldBatchNorm(model);
    this.#network = new SingleSample(kernels, spec, { precision });
    this.#network.setParameters(parameters);
  }

  /**
   * Classifies one sample.
   *
   * @param sample Bytes or numbers: {@linkcode size} of them, or fewer for a shorter sequence.
   * @param seed Seed of the noise.
   * @throws {RangeError} when there are more or fewer features.
   * @throws {TypeError} when it is no sample, a number is not finite, or bytes are given as numbers to a network that learned from
   * pixels.
   */
  classify(sample: SampleInput, seed: number = this.seed): Answer {
    const { features, steps } = this.form.take(sample);
    return this.answer(features, contentId(features, seed), steps);
  }

  /**
   * Classifies a sample whose draws are keyed by `id`; `classify` derives the key from the sample's content and a seed.
   *
   * @param features Finite; as many as the steps have.
   * @param steps Steps of a sequence that is shorter than the network's. @default {all}
   */
  answer(features: Features, id: number, steps: number = this.form.steps): Answer {
    this.#network.show({ features, bytes: this.bytes, id, ...(steps < this.form.steps && { steps }) });
    const { core } = this.#network;
    const label = core.prediction();
    return {
      label,
      name: this.classes[label]!,
      probabilities: softmax(core.logits()),
      spikes: core.spikes(),
    };
  }
}

/**
 * Makes a classifier from the bytes of a model file.
 *
 * @param bytes The whole file, as `deno task train` wrote it.
 * @param options Kernels, and settings that replace the model's own.
 * @param name Name of the file in messages.
 * @throws {OptionError} when these are no bytes, or there are no kernels.
 * @throws {InputError} when the file is damaged, or not a model of Spikelet's.
 */
export function loadClassifier(
  bytes: Uint8Array | ArrayBuffer,
  options: ClassifierOptions,
  name = "model",
): Classifier {
  checkObject("bytes", bytes, "the bytes of a model file: a Uint8Array or an ArrayBuffer");
  return new Classifier(
    decodeModel(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes), name),
    options,
  );
}
