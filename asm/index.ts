/**
 * The kernels: everything that the host may call. Pure functions of pointers and sizes; nothing global but the memory,
 * which the module owns and the host lays out from `heapBase` on. No imports: it runs wherever WASM SIMD does.
 */
export { fuses, heapBase } from "./lanes";
export { hashCounters } from "./random";
export { encodeDelta } from "./encoders/delta";
export { encodeDirect } from "./encoders/direct";
export { encodeLatency } from "./encoders/latency";
export { encodeNoise, encodeNoiseI8 } from "./encoders/noise";
export { encodePoisson } from "./encoders/poisson";
export { packPanels, productF32, productF32Loads, productRow } from "./product";
export { packI16, packI8, productI16, productI8, scaleRows } from "./product_int";
export { countInputs, listInputs, productSparse } from "./product_sparse";
export { chooseUnits } from "./skip";
export { scanBackGraded, scanGraded } from "./neurons/graded";
export { scanBackIntegrator, scanIntegrator } from "./neurons/integrator";
export { backThroughSpikes, everyStep, gatherSpikes, spikeCoefficients, spreadSpikes } from "./spikes";
export { outerGradient, sumSteps, traceGradient, traceGradientI8 } from "./gradient";
export { crossEntropy, readStates } from "./readout";
export { adam } from "./optimisers/adam";
export { sgd } from "./optimisers/sgd";
export { sumShards } from "./optimisers/shards";
