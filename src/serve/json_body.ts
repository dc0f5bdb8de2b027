/** Reads JSON bodies as samples; a body with too many objects or quotes is refused before it is parsed. */
import type { SampleForm, TakenSample } from "../classify/classifier.ts";
import { checkCount, MOST_SAMPLES, type RequestSamples } from "./request_samples.ts";
import { Refusal } from "./refusal.ts";
import { count } from "../text/figures.ts";

/** `pixels` are bytes, `values` numbers as they are. */
type Kind = "pixels" | "values";

const FORM = `{ "pixels": [0 to 255, …] } or { "values": [numbers] }, or a list of such`;

/** A sample is an object with one key. Parsing takes longest for objects of many different forms. */
const MOST_OBJECTS = MOST_SAMPLES, MOST_QUOTES = 2 * MOST_SAMPLES;
const BRACE = 0x7b, QUOTE = 0x22;

/**
 * Reads a body as samples for a network.
 *
 * @throws {Refusal} 400 when it is no JSON, or none of the forms that are taken, or does not fit the network.
 */
export function readJson(body: Uint8Array, form: SampleForm): RequestSamples {
  const value = parse(body), isList = Array.isArray(value);
  const samples: unknown[] = isList ? value : [value];
  if (samples.length === 0) throw new Refusal(400, `no samples: expected ${FORM}`);
  checkCount(samples.length);
  const nameOf = (i: number) => isList ? `sample ${i}` : "the sample";
  const kind = kindOf(samples[0], nameOf(0));
  return { samples: samples.map((sample, i) => readSample(sample, kind, form, nameOf(i))), many: isList };
}

function readSample(sample: unknown, kind: Kind, form: SampleForm, name: string): TakenSample {
  const found = kindOf(sample, name), where = `${name}: ${kind}`;
  if (found !== kind) {
    throw new Refusal(400, `${name} has ${found}, the first one ${kind}: send one kind at a time`);
  }
  const numbers: unknown = Reflect.get(Object(sample), kind);
  if (!Array.isArray(numbers)) throw new Refusal(400, `${where}: no list: expected ${form.describe()}`);
  try {
    return kind === "pixels" ? form.takeBytes(numbers, where) : form.take(numbers, where);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new Refusal(400, error.message);
    throw error;
  }
}

function parse(body: Uint8Array): unknown {
  let objects = 0, quotes = 0;
  for (const byte of body) {
    if (byte === BRACE) objects++;
    else if (byte === QUOTE) quotes++;
  }
  if (objects > MOST_OBJECTS) {
    const found = `the body has more than ${count(MOST_OBJECTS)} opening braces, and a sample has one`;
    throw new Refusal(400, `${found}: send more samples in several requests`);
  }
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
