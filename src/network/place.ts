/** A node's place in the graph: its name, and the edges that lead to it. */
import * as v from "valibot";

/** An edge from another node, or from `"input"`. */
export interface Edge {
  /** The id of a node, or `"input"`. */
  readonly node: string;
  /** Whole steps from the other node's output to this node's input, below T; before the first step a delayed edge carries 0. */
  readonly delay: number;
}

/** A node's name, and the edges whose values are summed into it. */
export interface Place {
  /** Its name, unique in the network; its tensors are `<id>.<name>`. */
  readonly id: string;
  /** One edge or more. All of them carry the same shape, and an undelayed one comes from a node that stands before. */
  readonly from: readonly Edge[];
}

/** A {@linkcode Place} whose edges may be left out: then they are one, from the node before or from the input. */
export interface PlaceDescription {
  readonly id: string;
  readonly from?: readonly Edge[];
}

/** The name of the network's input in edges. */
export const INPUT = "input";

/** Ids are parts of tensors' names, `<id>.<name>`, and of names in checkpoints, `velocity/<id>.<name>`. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

const id = v.pipe(
  v.string(),
  v.regex(ID, "expected 1 to 64 letters, digits, dashes and underscores"),
  v.check((name) => name !== INPUT, '"input" is what edges call the input: choose another name'),
);

const edgeSchema = v.strictObject({
  node: v.string(),
  delay: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
});
const shortEdge = v.pipe(v.string(), v.transform((node): Edge => ({ node, delay: 0 })));
/** An edge, as an id or as an object. */
const edge: v.GenericSchema<unknown, Edge> = v.lazy((input) =>
  typeof input === "string" ? shortEdge : edgeSchema
);
const edges = v.pipe(v.array(edge), v.minLength(1));
const oneEdge = v.pipe(edge, v.transform((one): Edge[] => [one]));

/** One edge or several. */
export const edgesSchema: v.GenericSchema<unknown, Edge[]> = v.lazy((input) =>
  Array.isArray(input) ? edges : oneEdge
);

/** Checks a node's place by itself; `check_edges.ts` checks it against the whole graph. */
export const placeFields = { id, from: v.exactOptional(edgesSchema) };

/** The forms of one edge, for the JSON schema, which has no functions. */
export const edgeForms = v.union([v.string(), edgeSchema]);
