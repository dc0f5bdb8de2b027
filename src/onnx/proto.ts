/**
 * ONNX files: the messages of onnx.proto that a network needs, and their bytes as protocol buffers.
 *
 * Fields have the numbers of onnx.proto (github.com/onnx/onnx, IR version 8). Lists of whole numbers are packed, which every reader of
 * protocol buffers takes.
 */
import { PbfReader, PbfWriter } from "pbf";

/** The version of the form of a file, and of the operators in it: those of ONNX 1.12, which ONNX Runtime reads from 1.12 on. */
export const IR_VERSION = 8, OPSET = 17;
/** Who wrote a file. */
export const PRODUCER = "spikelet";

/** Types of elements, by their numbers in onnx.proto. */
const TYPES = { float: 1, uint8: 2, int64: 7, bool: 9 } as const;

/** A type of elements. */
export type ElementType = keyof typeof TYPES;

/** A tensor that is part of the file. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major: float32, or int64. */
  readonly data: Float32Array | BigInt64Array;
}

/** A value of a graph's interface. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  /** A text is a size that the caller chooses, by its name. */
  readonly shape: readonly (number | string)[];
  /** What it is. */
  readonly words: string;
}

/** An attribute's value: a whole number, whole numbers, or a graph. */
export type OnnxAttribute = number | readonly number[] | OnnxGraph;

/** An operation. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A graph, or the body of a loop. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A whole file. */
export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly producerVersion: string;
  /** What it is, for people. */
  readonly words: string;
  /** By key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of a file; the same model gives the same bytes. */
export function encodeModelProto(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const pbf = new PbfWriter();
  writeModel(model, pbf);
  return Uint8Array.from(pbf.finish());
}

/** Who wrote a file; undefined where it is no ONNX file, or does not say it. */
export function producerOf(bytes: Uint8Array): string | undefined {
  try {
    const pbf = new PbfReader(bytes);
    for (let field = pbf.nextField(); field !== 0; field = pbf.nextField()) {
      if (field === 2) return pbf.readString();
      if (field > 2) return undefined; // our files have their fields in order
      pbf.skip(pbf.type);
    }
  } catch {
    // Not protocol buffers.
  }
  return undefined;
}

function writeModel({ graph, producerVersion, words, metadata }: OnnxModel, pbf: PbfWriter): void {
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, PRODUCER);
  pbf.writeStringField(3, producerVersion);
  pbf.writeStringField(6, words);
  pbf.writeMessage(7, writeGraph, graph);
  pbf.writeMessage(8, (version, opset) => {
    opset.writeStringField(1, "");
    opset.writeVarintField(2, version);
  }, OPSET);
  for (const entry of Object.entries(metadata)) {
    pbf.writeMessage(14, ([key, value], pair) => {
      pair.writeStringField(1, key);
      pair.writeStringField(2, value);
    }, entry);
  }
}

function writeGraph({ name, nodes, constants, inputs, outputs }: OnnxGraph, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, name);
  for (const tensor of constants) pbf.writeMessage(5, writeTensor, tensor);
  for (const input of inputs) pbf.writeMessage(11, writeValue, input);
  for (const output of outputs) pbf.writeMessage(12, writeValue, output);
}

function writeNode({ operator, inputs, outputs, attributes }: OnnxNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  for (const output of outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, `${operator}:${outputs[0]}`);
  pbf.writeStringField(4, operator);
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute);
}

/** Numbers of an attribute's types. */
const INT = 2, GRAPH = 5, INTS = 7;

function writeAttribute([name, value]: [string, OnnxAttribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, INT);
  } else if ("nodes" in value) {
    pbf.writeMessage(6, writeGraph, value);
    pbf.writeVarintField(20, GRAPH);
  } else {
    pbf.writePackedVarint(8, [...value]);
    pbf.writeVarintField(20, INTS);
  }
}

function writeTensor({ name, shape, data }: OnnxTensor, pbf: PbfWriter): void {
  pbf.writePackedVarint(1, [...shape]);
  pbf.writeVarintField(2, data instanceof Float32Array ? TYPES.float : TYPES.int64);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValue({ name, type, shape, words }: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, (_, own) => {
    own.writeMessage(1, (_, tensor) => {
      tensor.writeVarintField(1, TYPES[type]);
      tensor.writeMessage(2, (_, dimensions) => {
        for (const size of shape) dimensions.writeMessage(1, writeDimension, size);
      }, undefined);
    }, undefined);
  }, undefined);
  pbf.writeStringField(3, words);
}

function writeDimension(size: number | string, pbf: PbfWriter): void {
  if (typeof size === "number") pbf.writeVarintField(1, size);
  else pbf.writeStringField(2, size);
}
