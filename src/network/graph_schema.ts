/** Schemas of a description and its parts, as a graph and in the short form. */
import * as v from "valibot";
import { encoderSchema } from "./encoders.ts";
import { LIMITS } from "./limits.ts";
import { type CompleteNeuron, NEURONS, neuronSchema, readingLearn } from "./neurons.ts";
import { type Operator, OPERATORS } from "./operators.ts";
import type { PlaceDescription } from "./place.ts";
import type { Shape } from "./shape.ts";

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const count = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max));
const finite = v.pipe(v.number(), v.finite());

/** The values of `readout.from`. */
export const READ_FROM = ["state", "spikes"] as const;
/** The values of `readout.reduce`. */
export const REDUCERS = ["mean", "sum", "max", "last"] as const;

const length = count(LIMITS.inputs);
/** Checks a {@linkcode Shape}. */
export const shapeSchema: v.GenericSchema<unknown, Shape> = v.union(
  [v.strictTuple([length]), v.strictTuple([length, length, length])],
  "expected [units] or [channels, height, width]",
);

type KindOfNode = (Operator | CompleteNeuron) & PlaceDescription;

/** Schemas of nodes by kind, operators first. */
export const nodeSchemas: ReadonlyMap<string, v.GenericSchema<unknown, KindOfNode>> = new Map([
  ...Object.entries(OPERATORS).map(([kind, { schema }]): [string, v.GenericSchema<unknown, KindOfNode>] => [
    kind,
    schema,
  ]),
  ...Object.entries(NEURONS).map(([kind, { nodeSchema }]): [string, v.GenericSchema<unknown, KindOfNode>] => [
    kind,
    nodeSchema,
  ]),
]);

/** An object of a known kind, with any other fields. */
const ofKnownKind = v.looseObject({ kind: v.picklist([...nodeSchemas.keys()]) });
/** The schema of an unknown kind: `ofKnownKind` fails, and its message names the kinds. */
const ofNoKind = v.pipe(
  ofKnownKind,
  v.transform((): never => {
    throw new TypeError("a known kind of node was taken for an unknown one");
  }),
);

/** Checks a node of any kind and fills in its defaults, but for its edges. */
export const nodeSchema: v.GenericSchema<unknown, KindOfNode> = v.lazy((input) => {
  const known = v.safeParse(ofKnownKind, input);
  const schema = known.success && nodeSchemas.get(known.output.kind);
  return schema ? readingLearn(schema) : ofNoKind;
});

const reading = {
  from: v.optional(v.picklist(READ_FROM), "state"),
  reduce: v.optional(v.picklist(REDUCERS), "mean"),
  begin: v.optional(whole, 0),
};

const rate = v.exactOptional(v.strictObject({
  target: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  weight: v.pipe(finite, v.minValue(0)),
}));

/** Fields of every description. */
const common = {
  /** The path of the JSON schema, for editors. */
  $schema: v.exactOptional(v.string()),
  steps: count(LIMITS.steps),
  loss: v.optional(
    v.variant("kind", [
      v.strictObject({ kind: v.literal("crossEntropy"), rate }),
      v.strictObject({
        kind: v.literal("meanSquaredError"),
        correct: v.optional(finite, 1),
        incorrect: v.optional(finite, 0),
        rate,
      }),
    ]),
    { kind: "crossEntropy" },
  ),
};

const encoder = v.optional(encoderSchema, { kind: "direct" });
const input = v.strictObject({ shape: shapeSchema, encoder });

/** Checks a description that is a graph. */
export const graphSchema = v.strictObject({
  ...common,
  input,
  nodes: v.pipe(v.array(nodeSchema), v.minLength(1), v.maxLength(LIMITS.nodes)),
  readout: v.optional(
    v.strictObject({ node: v.exactOptional(v.string()), delay: v.optional(whole, 0), ...reading }),
    {},
  ),
});

const layered = {
  ...common,
  layers: v.pipe(
    v.array(v.strictObject({
      units: count(LIMITS.units),
      delay: v.optional(v.picklist([0, 1]), 0),
      recurrent: v.optional(v.boolean(), false),
      neuron: neuronSchema,
    })),
    v.minLength(1),
    v.maxLength(LIMITS.layers),
  ),
  readout: v.optional(v.strictObject(reading), {}),
};

/** Checks a chain of layers, the form of spikelet/1. */
export const layersSchema = v.strictObject({ inputs: count(LIMITS.inputs), encoder, ...layered });

/** Checks a chain of layers with an input of any shape. */
export const layersWithInputSchema = v.strictObject({ input, ...layered });
