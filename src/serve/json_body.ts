/**
 * JSON bodies, read as samples: what a sample is not made of is refused before it costs anything.
 *
 * @module
 */
import { counted } from "../figures.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { checkCount, MOST_SAMPLES, type Questions } from "./asked.ts";
import { Refusal, shown } from "./refusal.ts";

/** `pixels` are bytes, `values` numbers as they are. */
type Kind = "pixels" | "values";

const FORM = `{ "pixels": [0 to 255, …] } or { "values": [numbers] }, or a list of such`;

/** The largest of `values`, by size: far from where sums of them would overflow float32, and far above what networks learn from. */
const MOST_VALUE = 1e9;

/** A sample is an object with one name. Objects of ever new forms are what parsing takes longest for. */
const MOST_OBJECTS = MOST_SAMPLES, MOST_QUOTES = 2 * MOST_SAMPLES;
const BRACE = 0x7b, QUOTE = 0x22;

/**
 * Reads a body as samples for a network.
 *
 * @throws {Refusal} 400 when it is no JSON, or none of the forms that are taken, or does not fit the network.
 */
export function readJson(body: Uint8Array, spec: NetworkSpec): Questions {
  const value = parse(body), isList = Array.isArray(value);
  const samples: unknown[] = isList ? value : [value];
  if (samples.length === 0) throw new Refusal(400, `no samples: expected ${FORM}`);
  checkCount(samples.length);
  const nameOf = (i: number) => isList ? `sample ${i}` : "the sample";
  const kind = kindOf(samples[0], nameOf(0)), { size } = sampleFormOf(spec);
  const lists = samples.map((sample, i) => {
    const found = kindOf(sample, nameOf(i));
    if (found === kind) return listOf(Reflect.get(Object(sample), kind), spec, `${nameOf(i)}: ${kind}`);
    throw new Refusal(400, `${nameOf(i)} has ${found}, the first one ${kind}: send one kind at a time`);
  });
  const length = samples.length * size;
  const features = kind === "pixels" ? new Uint8Array(length) : new Float32Array(length);
  lists.forEach((list, i) => features.set(numbersOf(list, kind, `${nameOf(i)}: ${kind}`), i * size));
  return { features, count: samples.length, many: isList };
}

function parse(body: Uint8Array): unknown {
  let objects = 0, quotes = 0;
  for (const byte of body) {
    if (byte === BRACE) objects++;
    else if (byte === QUOTE) quotes++;
  }
  if (objects > MOST_OBJECTS) checkCount(objects);
  if (quotes > MOST_QUOTES) throw new Refusal(400, `the body has too many texts: expected ${FORM}`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Refusal(400, `the body is no JSON: expected ${FORM}`);
  }
}

/** `pixels` or `values`, whichever of the two a sample has. */
function kindOf(sample: unknown, where: string): Kind {
  const keys = typeof sample === "object" && sample !== null ? Object.keys(sample) : [];
  const [key] = keys;
  if (keys.length === 1 && (key === "pixels" || key === "values")) return key;
  throw new Refusal(400, `${where} is not of the form ${FORM}`);
}

/** A sample's numbers, unread, in one list: a sequence may be a list of its steps, a picture one of its rows. */
function listOf(value: unknown, spec: NetworkSpec, where: string): unknown[] {
  const { size, isSequence, channels } = sampleFormOf(spec);
  const expected = `expected ${counted(size, "number")}` +
    (isSequence ? `, or ${counted(size / channels, "list")} of ${channels}, one a step` : "");
  if (!Array.isArray(value)) throw new Refusal(400, `${where}: no list: ${expected}`);
  if (!Array.isArray(value[0])) {
    if (value.length === size) return value;
    throw new Refusal(400, `${where}: ${counted(value.length, "number")}: ${expected}`);
  }
  const each = isSequence ? channels : value[0].length;
  const odd = value.findIndex((row) => !Array.isArray(row) || row.length !== each);
  if (odd < 0 && value.length * each === size) return value.flat();
  const found = odd < 0
    ? `${counted(value.length, "list")} of ${each}`
    : `list ${odd} has ${Array.isArray(value[odd]) ? counted(value[odd].length, "number") : "no numbers"}`;
  throw new Refusal(400, `${where}: ${found}: ${expected}`);
}

/** Checks a sample's numbers. */
function numbersOf(list: readonly unknown[], kind: Kind, where: string): number[] {
  return list.map((number, i) => {
    const isRight = kind === "pixels"
      ? Number.isInteger(number) && Number(number) >= 0 && Number(number) <= 255
      : typeof number === "number" && Math.abs(number) <= MOST_VALUE;
    if (isRight) return Number(number);
    const expected = kind === "pixels" ? "a whole number, 0 to 255" : "a number, -1e9 to 1e9";
    const found = typeof number === "number" ? String(number) : shown(JSON.stringify(number));
    throw new Refusal(400, `${where}: number ${i} is ${found}: expected ${expected}`);
  });
}
