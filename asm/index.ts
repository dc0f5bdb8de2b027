/**
 * The kernels that the host calls, but for neurons: every file in neurons/ is another entry of the compiler (tools/build.ts).
 *
 * Kernels are pure functions of pointers and sizes. The module owns its memory, which the host lays out from `heapBase` on, and
 * imports nothing.
 */
export { fuses, heapBase } from "./lanes";
export { hashCounters } from "./random";
export { featuresOfBytes } from "./features";
export { encodeDelta } from "./encoders/delta";
export { encodeDirect } from "./encoders/direct";
export { encodeLatency } from "./encoders/latency";
export { encodeNoise, encodeNoiseI8 } from "./encoders/noise";
export { encodePoisson } from "./encoders/poisson";
export { listColumnsInUse, matmulF32, matmulF32Loads, matmulListed, packPanels } from "./matmul";
export {
  listColumns,
  listRow,
  panelGradients,
  panelOfRows,
  panelRows,
  panelTiles,
  rowOfList,
} from "./panel_rows";
export { multiplyRow, multiplyRowBack, spreadRow, weighSpikes } from "./linear_readout";
export { matmulI16, matmulI8, packI16, packI8, scaleRows } from "./matmul_int";
export { countInputs, listInputs, matmulSparse } from "./matmul_sparse";
export { selectUnits } from "./skip";
export { layerFields } from "./layer";
export { scanGraded } from "./graded_spikes";
export { addRowOfFour, packFour, productStep, productStepBack } from "./recurrent";
export { addVector, sumTerm } from "./sums";
export { geometryRoom, operatorFields } from "./operator";
export {
  backThroughSpikes,
  sparseProduct,
  spikeCoefficients,
  spreadSpikes,
  stepCoefficients,
} from "./spikes";
export { sparseProductRows } from "./spike_rows";
export {
  addCounts,
  countManySpikes,
  countSpikes,
  listEvents,
  listInputSpikes,
  listSpikes,
} from "./spike_lists";
export { listSpikeColumns, spikeGradient } from "./spike_gradient";
export { inputRows, inputRowsI8, matmulGradient, packRows, panelsToRows, panelTileGradients } from "./dense";
export { sumSteps, traceGradient, traceGradientI8 } from "./gradient";
export { addParts, addTotals, mostPlain, runLength } from "./long_sums";
export { readLargest, readLargestBack, readStates, readStatesBack } from "./readout";
export { addToRows, crossEntropy, meanSquaredError } from "./loss";
export { adam } from "./optimizers/adam";
export { average } from "./optimizers/average";
export { sgd } from "./optimizers/sgd";
export { addShards, sumShards } from "./optimizers/shards";
