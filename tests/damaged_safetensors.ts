/**
 * Damaged safetensors files with wrong or broken headers, for the readers of models, reference cases and checkpoints.
 *
 * @module
 */
import fc from "fast-check";
import { joined, mutationsOf, TREACHEROUS } from "./mutations.ts";

/** The parts of a file. */
interface Parts {
  /** The length in the first 8 bytes. @default {the header's real length} */
  length?: bigint;
  /** Keys and values as JSON, in their order. */
  entries: [key: string, value: string][];
  /** The text before and after the header's object. */
  before: string;
  after: string;
  data: Uint8Array;
}

/** Changes the parts in place. */
type Edit = (parts: Parts) => void;

/**
 * Draws damaged copies of a safetensors file: with mutated bytes, with one to three false entries in its header, or both.
 *
 * @param original A valid file.
 */
export function damagedSafetensors(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  const lies = fc.array(edits(), { minLength: 1, maxLength: 3 }).map((all) => {
    const parts = partsOf(original);
    for (const edit of all) edit(parts);
    return assemble(parts);
  });
  return fc.oneof(
    { weight: 4, arbitrary: mutationsOf(original) },
    { weight: 5, arbitrary: lies },
    { weight: 1, arbitrary: lies.chain(mutationsOf) },
  );
}

/** Splits a valid file into its parts. */
function partsOf(bytes: Uint8Array): Parts {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return {
    entries: Object.entries(header).map(([key, value]) => [JSON.stringify(key), JSON.stringify(value)]),
    before: "",
    after: "",
    data: bytes.subarray(8 + length),
  };
}

function assemble({ length, entries, before, after, data }: Parts): Uint8Array {
  const text = `${before}{${entries.map(([key, value]) => `${key}:${value}`).join(",")}}${after}`;
  const header = new TextEncoder().encode(text);
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, BigInt.asUintN(64, length ?? BigInt(header.length)), true);
  return joined(start, header, data);
}

const NUMBERS = [
  ...TREACHEROUS.map(String),
  "-1",
  "1.5",
  "1e308",
  "-0",
  "18446744073709551615",
  `"8"`,
  "null",
  "NaN",
];
const NAMES = [
  "",
  "__proto__",
  "constructor",
  "__metadata__",
  "1",
  "0",
  "\0",
  "\\",
  "\n",
  "é",
  "e\u0301",
  "𝛼",
  "w".repeat(5000),
];
/** Half of a surrogate pair, which JSON can have and UTF-8 cannot. */
const LONE = '"\\ud800"';
const DTYPES = ["BF16", "F16", "BOOL", "f32", "F32 ", "toString", ""];
const SHAPES = [
  "[]",
  "[0]",
  "[1024,1024,1024]",
  "[4294967296,0]",
  "[0,1e308]",
  "[[1]]",
  "{}",
  "7",
  `[${"1,".repeat(9000)}1]`,
];
/** Sizes of 4 GiB, and sizes that add up to it. */
const PROMISES = [
  '{"dtype":"F32","shape":[1024,1024,1024],"data_offsets":[0,4294967296]}',
  '{"dtype":"U8","shape":[4294967296],"data_offsets":[0,4294967296]}',
  '{"dtype":"F64","shape":[9007199254740991],"data_offsets":[0,72057594037927930]}',
  '{"dtype":"U8","shape":[0],"data_offsets":[4294967296,4294967296]}',
];

/** Draws one false entry. */
function edits(): fc.Arbitrary<Edit> {
  const at = fc.nat(20);
  return fc.oneof(
    // Two of the header's numbers are swapped, or one is replaced.
    fc.tuple(at, at).map(([a, b]): Edit => (parts) =>
      editNumbers(parts, (all) => {
        if (all.length > 0) {
          [all[a % all.length], all[b % all.length]] = [all[b % all.length]!, all[a % all.length]!];
        }
      })
    ),
    fc.tuple(at, fc.constantFrom(...NUMBERS)).map(([a, value]): Edit => (parts) =>
      editNumbers(parts, (all) => {
        if (all.length > 0) all[a % all.length] = value;
      })
    ),
    fc.tuple(at, fc.integer({ min: -9, max: 9 })).map(([a, by]): Edit => (parts) =>
      editNumbers(parts, (all) => {
        if (all.length > 0) all[a % all.length] = String(Number(all[a % all.length]) + by);
      })
    ),
    // A field is replaced, removed or added.
    fc.tuple(at, fc.constantFrom(...DTYPES)).map(([a, dtype]) =>
      replaced(a, /"dtype":"\w*"/, `"dtype":${JSON.stringify(dtype)}`)
    ),
    fc.tuple(at, fc.constantFrom(...SHAPES)).map(([a, shape]) =>
      replaced(a, /"shape":\[[\d,]*\]/, `"shape":${shape}`)
    ),
    at.map((a) => replaced(a, /"shape":\[[\d,]*\],/, "")),
    at.map((a) => replaced(a, /\}$/, ',"extra":1}')),
    at.map((a) => replaced(a, /"shape"/, '"dtype"')),
    // A whole value is replaced.
    fc.tuple(at, fc.constantFrom("null", "1", "[]", "{}", '"x"', "true", ...PROMISES)).map(([a, value]) =>
      replaced(a, /^.*$/s, value)
    ),
    fc.tuple(at, fc.nat(3), fc.integer({ min: 1, max: 3000 })).map(([a, kind, depth]) =>
      replaced(a, /^.*$/s, nested(kind, depth))
    ),
    // Names are odd, repeated or swapped.
    fc.tuple(
      at,
      fc.oneof(
        fc.constantFrom(...NAMES.map((name) => JSON.stringify(name)), LONE),
        fc.string({ unit: "binary" }).map((name) => JSON.stringify(name)),
      ),
    )
      .map(([a, name]) => onEntry(a, (entry) => entry[0] = name)),
    at.map((a): Edit => (parts) => onEntry(a, (entry) => parts.entries.push([...entry]))(parts)),
    at.map((a): Edit => (parts) =>
      onEntry(
        a,
        ([key]) => parts.entries.push([escaped(key), '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}']),
      )(parts)
    ),
    fc.tuple(at, at).map(([a, b]): Edit => (parts) =>
      onEntry(a, (one) => onEntry(b, (other) => [one[1], other[1]] = [other[1], one[1]])(parts))(parts)
    ),
    at.map((a): Edit => ({ entries }) => void entries.splice(a, 1)),
    // The text around the header changes.
    fc.constantFrom("\ufeff", " ", "[", "//", "\0").map((text): Edit => (parts) => parts.before = text),
    fc.constantFrom("}", "x", "\0", " ".repeat(5000), ",").map((text): Edit => (parts) => parts.after = text),
    fc.oneof(
      fc.constantFrom(0n, 1n, 7n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n),
      fc.bigInt({ min: 0n, max: 2000n }),
    )
      .map((length): Edit => (parts) => parts.length = length),
    fc.nat(400).map((length): Edit => (parts) => parts.data = parts.data.subarray(0, length)),
    fc.nat(400).map((length): Edit => (parts) => parts.data = joined(parts.data, new Uint8Array(length))),
  );
}

/** Changes one of the entries, if there is any. */
function onEntry(index: number, change: (entry: [key: string, value: string]) => void): Edit {
  return ({ entries }) => {
    const entry = entries[index % Math.max(1, entries.length)];
    if (entry) change(entry);
  };
}

/** Replaces a part of an entry's value by a text. */
function replaced(index: number, part: RegExp, text: string): Edit {
  return onEntry(index, (entry) => entry[1] = entry[1].replace(part, () => text));
}

/** Changes the list of all numbers of the header. */
function editNumbers({ entries }: Parts, change: (numbers: string[]) => void): void {
  const number = /(?<=[[,])\d+(?=[\],])/g;
  const all = entries.flatMap(([, value]) => value.match(number) ?? []);
  change(all);
  for (const entry of entries) entry[1] = entry[1].replace(number, () => all.shift() ?? "0");
}

/** Nested lists, `depth` deep. */
function nested(kind: number, depth: number): string {
  switch (kind) {
    case 0:
      return `${"[".repeat(depth)}${"]".repeat(depth)}`;
    case 1:
      return `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    case 2:
      return "[".repeat(depth);
    default:
      return `{"dtype":"U8","shape":${"[".repeat(depth)}${"]".repeat(depth)},"data_offsets":[0,0]}`;
  }
}

/** The same key with other escapes. */
function escaped(key: string): string {
  return `"${
    key.slice(1, -1).replace(/^[a-z]/, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
  }"`;
}
