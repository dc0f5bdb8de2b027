/**
 * Spikelet in any JavaScript runtime: Node, browsers, workers at the edge, Bun, Deno.
 *
 * This module needs neither files nor Deno: networks and their builder, models as bytes, training and evaluation, pictures,
 * {@linkcode Classifier} and {@linkcode createHandler}. The npm package is this module and the kernels.
 *
 * @example
 * ```ts
 * import { loadKernels } from "@spikelet/spikelet";
 * import { Classifier, initialParameters, notebookNetwork } from "@spikelet/spikelet/portable";
 *
 * const spec = notebookNetwork({ hidden: 20, steps: 16 });
 * const model = { spec, parameters: initialParameters(spec, 0), metadata: {} };
 * const classifier = new Classifier(model, { kernels: await loadKernels("plain") });
 * console.log(classifier.classify(new Uint8Array(784)).name);
 * ```
 *
 * @module
 */
export * from "./version.ts";
export * from "./errors.ts";
export * from "./random.ts";
export * from "./network/spec.ts";
export type {
  Edge,
  GraphNode,
  GraphReadout,
  GraphSpec,
  NeuronNode,
  OperatorNode,
  Place,
  Shape,
} from "./network/graph.ts";
export type {
  AffineOperator,
  AvgPool2dOperator,
  BatchNormOperator,
  Conv2dOperator,
  DelayOperator,
  DropoutOperator,
  FlattenOperator,
  MaxPool2dOperator,
  Operator,
  Pair,
  PoolFields,
  ScaleOperator,
  SumPool2dOperator,
} from "./network/operators.ts";
export {
  type ConstantEncoder,
  type DeltaEncoder,
  type DirectEncoder,
  ENCODERS,
  type LatencyEncoder,
  latencyLevels,
  type NoiseEncoder,
  type PoissonEncoder,
  sampleFormOf,
  type Standardisation,
} from "./network/encoders.ts";
export {
  type CompleteNeuron,
  completeNeuron,
  type Constant,
  CONSTANTS,
  type GradedNeuron,
  type IntegratorNeuron,
  type LifNeuron,
  type Reset,
  RESETS,
  SPIKES,
  type Spikes,
  type Surrogate,
  SURROGATES,
  TRAINABLE,
  type Trainable,
} from "./network/neurons.ts";
export * from "./network/builder.ts";
export * from "./network/conv_presets.ts";
export { foldBatchNorm } from "./network/fold.ts";
export * from "./network/presets.ts";
export * from "./training/presets.ts";
export * from "./network/initialise.ts";
export { classNamesOf } from "./network/output_names.ts";
export {
  decodeModel,
  encodeModel,
  hashParameters,
  type Model,
  type ModelEncoding,
  parameterShapes,
} from "./network/model_file.ts";
export { type NirModel, readNir, type ReadNirOptions } from "./nir/read_nir.ts";
export { NIR_DEFAULTS, NIR_EXPORTERS, type NirExporter, type NirOptions } from "./nir/options.ts";
export type * from "./data/samples.ts";
export {
  type AnyFeatures,
  areEvents,
  type DenseFeatures,
  EventCollector,
  type Events,
  spreadEvents,
} from "./data/events.ts";
export { type Augmentation, AUGMENTATION_DEFAULTS, AUGMENTATION_LIMITS, Augmenter } from "./data/augment.ts";
export { type Idx, parseIdx, readIdxBlob } from "./data/idx.ts";
export type { KnownSet } from "./data/known_classes.ts";
export { labelledImages, type NamedIdx } from "./data/labelled_images.ts";
export { type DataForm, dataFormOf } from "./data/data_form.ts";
export { wantedFormOf } from "./data/wanted_form.ts";
export { parseTensors } from "./data/tensor_file.ts";
export {
  type DatasetName,
  DATASETS,
  type OfficialArchive,
  type OfficialDataset,
  type OfficialFile,
} from "./data/datasets.ts";
export type * from "./engine/engine.ts";
export { bestVariant, type KernelModule, type Variant } from "./engine/wasm/kernels.ts";
export { createWasmEngine, type WasmEngineOptions } from "./engine/wasm/wasm_engine.ts";
export { type Precision, PRECISIONS, type Tile } from "./engine/wasm/precision.ts";
export { type FallbackOptions, withFallback } from "./engine/fallback.ts";
export { OPTIMIZER_DEFAULTS, type OptimizerName, OPTIMIZERS } from "./engine/optimizer.ts";
export * from "./training/trainer.ts";
export * from "./training/schedule.ts";
export * from "./training/split.ts";
export * from "./training/standardise.ts";
export * from "./training/start.ts";
export * from "./training/training_state.ts";
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./training/checkpoint.ts";
export * from "./classify/classifier.ts";
export { pictureSide, pictureSizeOf } from "./classify/picture_side.ts";
export { type Ink, INKS, type PictureOptions, readPicture } from "./data/picture.ts";
export { softmax } from "./classify/softmax.ts";
export { createHandler, type HandlerOptions } from "./serve/handler.ts";
export type { Access } from "./serve/access.ts";
export type { Hooks, LogEntry, RouteOptions } from "./serve/app.ts";
export type { Seed } from "./serve/classify_route.ts";
export type { Site } from "./serve/site.ts";
