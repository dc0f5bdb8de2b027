/**
 * A trained network as an ONNX file, in one of two forms (docs/onnx.md).
 *
 * - `single-step`: x_t and states → logits so far and states, for devices that compute as time passes;
 * - `sequence`: x of all steps → logits, by a loop (`Scan`) of the same step.
 */
import { bytesOfModel } from "../engine/model_options.ts";
import { foldBatchNorm } from "../network/fold.ts";
import type { Model } from "../network/model_file.ts";
import { standardisationOf } from "../network/standardise.ts";
import { structureOf } from "../network/structure.ts";
import { VERSION } from "../version.ts";
import { Constants, GraphBuilder, type Value } from "./graph_builder.ts";
import { addStep, type NetworkState, type NetworkStep } from "./network_step.ts";
import { encodeModelProto, IR_VERSION, type OnnxGraph, type OnnxValue, OPSET } from "./proto.ts";

/** One step with its states, or all steps in a loop. */
export type OnnxForm = "single-step" | "sequence";

/** How a network is written. */
export interface OnnxOptions {
  /** Which graph. @default {"sequence"} */
  readonly form?: OnnxForm;
  /** Whether the spikes and potentials of every population are outputs, too. @default {false} */
  readonly recordStates?: boolean;
}

/** A network as ONNX. */
export interface OnnxFile {
  /** The whole file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What it takes and gives, a line each. */
  readonly notes: readonly string[];
}

const BATCH = "batch", STEPS = "steps";
/** The name of the count of steps. */
const STEP = "step";
/** The number of float in `Cast`. */
const FLOAT = 1;

/**
 * Writes a network as ONNX, in opset 17 and IR version 8. Batch normalisation is folded into the weights before it where it can be.
 *
 * @throws {InputError} where ONNX cannot say what a node is; the message names it.
 */
export function encodeOnnx(
  model: Model,
  { form = "sequence", recordStates = false }: OnnxOptions = {},
): OnnxFile {
  const folded = foldBatchNorm(model), input = inputOf(model, form);
  const { graph, states } = form === "single-step"
    ? stepGraph(folded, input, recordStates)
    : sequenceGraph(folded, input, recordStates);
  const notes = [
    `${form}, ONNX opset ${OPSET}, IR version ${IR_VERSION}`,
    `input ${describe(input.value)}`,
    ...graph.outputs.filter(({ name }) => !states.includes(name)).map((value) => `output ${describe(value)}`),
    ...(form === "single-step"
      ? [
        states.length === 0
          ? "no states"
          : `${states.length} states, 0 before the first step: feed each output NAME.next to the input NAME`,
      ]
      : []),
  ];
  const bytes = encodeModelProto({
    graph,
    producerVersion: VERSION,
    words: notes.join("\n"),
    metadata: {
      form,
      network: JSON.stringify(folded.spec),
      ...(model.classes && { classes: JSON.stringify(model.classes) }),
    },
  });
  return { bytes, notes };
}

function describe({ name, type, shape, words }: OnnxValue): string {
  return `${name}: ${type} [${shape.join(", ")}], ${words}`;
}

/** What a graph is given, and what becomes of it. */
interface NetworkInput {
  readonly value: OnnxValue;
  /** It has a row for each step. */
  readonly isSequence: boolean;
  /** It holds for all steps of a sequence. */
  readonly isSteady: boolean;
  /** x_t of it. */
  encode(graph: GraphBuilder, value: Value): Value;
}

function inputOf(model: Model, form: OnnxForm): NetworkInput {
  const { input: { shape, encoder } } = model.spec;
  const isEncoded = encoder.kind !== "constant" && encoder.kind !== "direct";
  const isSequence = form === "sequence" && encoder.kind !== "constant";
  const isSteady = form === "sequence" && encoder.kind === "constant";
  // What is drawn for T steps has T of them; a sequence that is its own has as many as it has.
  const steps = isSequence ? [encoder.kind === "direct" ? STEPS : model.spec.steps] : [];
  const value = { shape: [BATCH, ...steps, ...shape] };
  if (isEncoded) {
    const words =
      `encoded already, by the ${encoder.kind} encoder of docs/networks.md, which is not part of the graph`;
    return {
      value: { name: "encoded", type: "float", ...value, words },
      isSequence,
      isSteady,
      encode: (_, value) => value,
    };
  }
  const isPixels = bytesOfModel(model) === "pixels", constants = standardisationOf(encoder);
  const words = isPixels ? "brightness of pixels, 0 to 255" : "features";
  return {
    value: { name: isPixels ? "pixels" : "features", type: isPixels ? "uint8" : "float", ...value, words },
    isSequence,
    isSteady,
    encode(graph, value) {
      const features = isPixels
        ? graph.add("Div", [graph.add("Cast", [value], { to: FLOAT }), graph.constants.number(255)])
        : value;
      if (constants) {
        const { mean = [0], deviation = [1] } = constants;
        const byChannel = (name: string, numbers: readonly number[]) =>
          graph.constants.add(
            name,
            numbers.length === 1 ? [] : shape.length === 3 ? [numbers.length, 1, 1] : [numbers.length],
            Float32Array.from(numbers),
          );
        const centred = graph.add("Sub", [features, byChannel("input.mean", mean)]);
        return graph.add("Div", [centred, byChannel("input.deviation", deviation)]);
      }
      const { offset } = encoder;
      return isPixels && offset !== 0
        ? graph.add("Add", [features, graph.constants.number(offset)])
        : features;
    },
  };
}

/** A graph, and the names of outputs that are states. */
interface Form {
  readonly graph: OnnxGraph;
  readonly states: readonly Value[];
}

function stepGraph(model: Model, input: NetworkInput, recordStates: boolean): Form {
  const constants = new Constants(), graph = new GraphBuilder(constants, "");
  let isCounted = false;
  const count = () => (isCounted = true, STEP);
  const x = input.encode(graph, input.value.name);
  const step = addStep(model, { graph, input: x, step: count });
  const logits = logitsOf(graph, model, step.reduced, () => graph.add("Add", [count(), constants.number(1)]));
  const values = [
    ...valuesOfClasses(model, "logits", "of the steps so far"),
    ...valuesOfClasses(model, "read", "what the readout has of this step"),
  ];
  for (const [name, value] of [["logits", logits], ["read", step.read]] as const) {
    graph.addNamed("Identity", [value], [name]);
  }
  const recorded = recordStates ? recordOf(step) : [];
  for (const { value, from } of recorded) graph.addNamed("Identity", [from], [value.name]);
  const states: { before: OnnxValue; after: OnnxValue }[] = step.states.map(
    ({ name, shape, words, next }) => {
      graph.addNamed("Identity", [next], [nextName(name)]);
      const value = { type: "float", shape: [BATCH, ...shape] } as const;
      return {
        before: { name, ...value, words },
        after: { name: nextName(name), ...value, words: `${name} of the next step` },
      };
    },
  );
  if (isCounted) {
    graph.addNamed("Add", [STEP, constants.number(1)], [nextName(STEP)]);
    const value = { type: "float", shape: [1] } as const;
    states.push({
      before: { name: STEP, ...value, words: "how many steps there were before" },
      after: { name: nextName(STEP), ...value, words: `${STEP} of the next step` },
    });
  }
  return {
    graph: {
      name: "step",
      nodes: graph.nodes,
      constants: constants.tensors,
      inputs: [input.value, ...states.map(({ before }) => before)],
      outputs: [...values, ...recorded.map(({ value }) => value), ...states.map(({ after }) => after)],
    },
    states: states.map(({ after }) => after.name),
  };
}

function nextName(state: string): string {
  return `${state}.next`;
}

function sequenceGraph(model: Model, input: NetworkInput, recordStates: boolean): Form {
  const constants = new Constants();
  const graph = new GraphBuilder(constants, ""), body = new GraphBuilder(constants, "step.");
  const { steps } = model.spec, { name } = input.value, x = input.encode(graph, name);
  const step = addStep(model, {
    graph: body,
    input: input.isSequence ? "step.x" : x,
    step: () => STEP,
    ...(input.isSteady && { before: graph }),
  });
  const sizes = graph.add("Shape", [name]);
  const sizeAt = (axis: number) => graph.add("Gather", [sizes, constants.whole([axis])]);
  const batch = sizeAt(0);
  const total = input.isSequence
    ? graph.add("Cast", [sizeAt(1)], { to: FLOAT })
    : constants.add("steps", [1], Float32Array.of(steps));
  const numbers = graph.add("Range", [
    constants.number(0),
    graph.add("Squeeze", [total, constants.whole([0])]),
    constants.number(1),
  ]);
  // What the loop goes over: the numbers of the steps, and x.
  const counted = graph.add("Unsqueeze", [numbers, constants.whole([1])]);
  const recorded = recordStates ? recordOf(step) : [];
  // The last step's is the answer.
  const answer: NetworkState = {
    name: "answer",
    shape: [structureOf(model.spec).classes],
    words: "",
    next: step.reduced,
  };
  const carried = [...step.states, answer], scanned = input.isSequence ? [counted, x] : [counted];
  for (const { name, next } of carried) body.addNamed("Identity", [next], [nextName(name)]);
  for (const { value, from } of recorded) body.addNamed("Identity", [from], [`step.${value.name}`]);
  const float = (name: Value, shape: readonly (number | string)[]): OnnxValue => ({
    name,
    type: "float",
    shape,
    words: "",
  });
  const first = carried.map(({ shape }) => {
    const zeros = constants.add(
      `zeros.${shape.join(".")}.${constants.tensors.length}`,
      [1, ...shape],
      zerosOf(shape),
    );
    const whole = graph.add("Concat", [batch, constants.whole(shape.map(() => 1))], { axis: 0 });
    return graph.add("Expand", [zeros, whole]);
  });
  const outputs = carried.map(({ name }) => `last.${name}`);
  graph.addNamed("Scan", [...first, ...scanned], [...outputs, ...recorded.map(({ value }) => value.name)], {
    num_scan_inputs: scanned.length,
    scan_input_axes: input.isSequence ? [0, 1] : [0],
    ...(recorded.length > 0 && { scan_output_axes: recorded.map(() => 1) }),
    body: {
      name: "step",
      nodes: body.nodes,
      constants: [],
      inputs: [
        ...carried.map(({ name, shape }) => float(name, [BATCH, ...shape])),
        float(STEP, [1]),
        ...(input.isSequence ? [float("step.x", [BATCH, ...model.spec.input.shape])] : []),
      ],
      outputs: [
        ...carried.map(({ name, shape }) => float(nextName(name), [BATCH, ...shape])),
        ...recorded.map(({ value }) => float(`step.${value.name}`, value.shape)),
      ],
    },
  });
  const logits = logitsOf(graph, model, "last.answer", () => total);
  graph.addNamed("Identity", [logits], ["logits"]);
  return {
    graph: {
      name: "network",
      nodes: graph.nodes,
      constants: constants.tensors,
      inputs: [input.value],
      outputs: [
        ...valuesOfClasses(model, "logits", "the larger, the more likely a class"),
        ...recorded.map(({ value: { shape: [batch, ...shape], ...value } }) => ({
          ...value,
          shape: [
            batch!,
            input.isSequence && model.spec.input.encoder.kind === "direct" ? STEPS : steps,
            ...shape,
          ],
        })),
      ],
    },
    states: [],
  };
}

function zerosOf(shape: readonly number[]): Float32Array {
  return new Float32Array(shape.reduce((product, size) => product * size, 1));
}

function valuesOfClasses({ spec }: Model, name: string, words: string): OnnxValue[] {
  return [{ name, type: "float", shape: [BATCH, structureOf(spec).classes], words }];
}

/** Logits of what the readout has made of so many steps. */
function logitsOf(
  graph: GraphBuilder,
  { spec: { readout } }: Model,
  reduced: Value,
  steps: () => Value,
): Value {
  if (readout.reduce !== "mean") return reduced;
  const count = readout.begin === 0
    ? steps()
    // A step graph may not have come so far yet.
    : graph.add("Max", [
      graph.add("Sub", [steps(), graph.constants.number(readout.begin)]),
      graph.constants.number(1),
    ]);
  return graph.add("Div", [reduced, count]);
}

/** Outputs for what populations do at a step. */
function recordOf({ populations }: NetworkStep): { readonly value: OnnxValue; readonly from: Value }[] {
  return populations.flatMap(({ id, shape, output, potential }) => {
    const value = { type: "float", shape: [BATCH, ...shape] } as const;
    return [
      { value: { name: `${id}.outputs`, ...value, words: "o: spikes" }, from: output },
      { value: { name: `${id}.potentials`, ...value, words: "u, after the reset" }, from: potential },
    ];
  });
}
