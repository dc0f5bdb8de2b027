/**
 * Checks that no old name is left. The list pairs each old name with the field's term for it. CHANGELOG.md is
 * exempt, because it says what was renamed.
 */
import { extname, join } from "node:path/posix";
import { SpikeletError } from "../src/errors.ts";
import { filesIn } from "./steps.ts";

/** An old name. */
interface OldName {
  readonly old: RegExp;
  readonly now: string;
  /** Files or folders outside of which the word means something else. @default {none} */
  readonly within?: readonly string[];
  /** Files or folders in which the word is right, each with the reason. */
  readonly allowed?: Readonly<Record<string, string>>;
}

const OLD_NAMES: readonly OldName[] = [
  // Of the engine.
  { old: /\bpurposes?\b/i, now: "stream (of draws)", allowed: { "src/licenses": "texts of licences" } },
  { old: /optimiser/i, now: "optimizer" },
  {
    old: /[.{"`] ?learn\b[^"]|\blearn[?:]|--learn\b/,
    now: "trainable",
    allowed: {
      "src/network/neurons.ts": "old files are read",
      "tests/network/spec_test.ts": "the same",
      "tests/network/parse_graph_test.ts": "the same",
    },
  },
  { old: /\.fires\b/, now: "isSpiking" },
  { old: /\bhasRate\b/, now: "hasSurrogate" },
  { old: /\bisExact\b/, now: "hasExactGradient" },
  { old: /\bdenseNetwork\b|\bdense peer\b|--model[ =]dense\b/, now: "feed-forward (the network)" },
  {
    old: /\.dense\b|\bdense: |\bisDense\b/,
    now: "keepsStates, target.events, sendsRows",
    within: ["src/engine"],
  },
  { old: /\bchooseUnits\b|"choose\b|engine\/choose\b/, now: "select active units; create_engine.ts" },
  { old: /\bgather(Spikes|Rows)\b|"gather\b/, now: "sparse product" },
  { old: /\b(Feed|#feed(Of)?)\b/, now: "input view" },
  { old: /\b(RowsProduct|rows_product)\b/, now: "affine" },
  {
    old: /chunk/i,
    now: "micro-batch",
    within: ["src/engine", "tests/engine", "docs/internals/gpu.md", "docs/performance.md"],
  },
  { old: /\b(Room|#room|facts|FACTS?)\b/, now: "DeviceContext, sampleInfo", within: ["src/engine/webgpu"] },
  { old: /\b(Hybrid|hybrid_)?[dD]irector\b/, now: "scheduler" },
  {
    old: /\b([cC]reate)?[eE]xchange(Slot)?s?\b/,
    now: "shared double buffer",
    within: ["src/engine", "tests/engine"],
  },
  { old: /\bslot: 0\b/, now: "bufferIndex" },
  {
    old: /\b(lanes?|Lanes?|lane_engine|LaneEngine)\b/,
    now: "worker, WorkerPool, ThreadedEngine",
    allowed: {
      "asm": "lanes of a SIMD vector",
      "tests/asm": "the same",
      "docs/internals/determinism.md": "the same",
      "docs/performance.md": "the same",
      "src/engine/gpu": "lanes of a device",
    },
  },
  { old: /\b(ways? forward|presentation)\b/i, now: "forward pass" },
  { old: /\b(ways? back|way_back|wayBack|goBack)\b/i, now: "backward pass" },
  { old: /\b[eE]xcess(At)?\b/, now: "distance to threshold" },
  {
    old:
      /\bproduct(Row|F32|I16|I8|Sparse|Gradient)|[./]product(_\w+)?(\.ts|\()|(device|external|input)_product|kind: "product"/,
    now: "matmul",
    allowed: { "tests/reference/nir": "products of Python's itertools" },
  },
  // Of everything else.
  {
    old: /seedNetwork|SeedOptions|SEED_DEFAULTS|describeSeed\b|the seed's (network|size)/,
    now: "notebook (the network)",
  },
  { old: /\bLooker(Message|Reply)?\b|\blooker\b/, now: "Inspector" },
  { old: /\bSight\b/, now: "Inspection" },
  { old: /[A-Za-z]Standing\b|\bstandingOf\b|\bstanding:/, now: "status" },
  { old: /\bAsker\b/, now: "RequestQueue" },
  { old: /Keeper\b|\bkeeper\b/, now: "Checkpointer" },
  { old: /\bgoesOn\b/, now: "resumes" },
  { old: /[.#](hear|tell)\(|\bfunction (hear|tell)\b/, now: "onMessage, send or notify" },
  { old: /\b(read)?Questions\b|\bAsked\b(?! for)/, now: "requests" },
  { old: /\brecord\??: (true|false|boolean)\b|\brecord = (true|false)\b/, now: "recordStates" },
  { old: /\bLayerRecord\b|layer_record/, now: "LayerDescriptor" },
  {
    old: /\bRunRecord\b|\b(read|write|parse|has)Record\b|run_record|\brecord\?\./,
    now: "RunMetadata, metadata",
  },
];

/** Folders that are searched; "." is the project's own without those below it. */
const PLACES = [".", "asm", "bench", "docs", "playground", "src", "tests", "tools"];
const ENDINGS = [".ts", ".md", ".py", ".html", ".css"];
const UNREAD = ["CHANGELOG.md", "tools/check_names.ts", "tests/tools/check_names_test.ts"];

/** Lists old names in a file's name or text, one line each. @param path The project's. */
export function findOldNames(path: string, text: string): string[] {
  const lines = [path, ...text.split("\n")];
  return OLD_NAMES.filter(({ within, allowed = {} }) =>
    (within?.some((place) => isIn(path, place)) ?? true) &&
    !Object.keys(allowed).some((place) => isIn(path, place))
  )
    .flatMap(({ old, now }) =>
      lines.flatMap((line, i) => {
        const found = old.exec(line)?.[0];
        return found === undefined ? [] : [`${path}${i > 0 ? `:${i}` : ""}: ${found} is called ${now}`];
      })
    );
}

/** Checks that the project has no old name. @throws {SpikeletError} when it has. */
export function checkNames(root: string): void {
  const files = PLACES.flatMap((place) => filesIn(root, place))
    .filter((path) => ENDINGS.includes(extname(path)) && !UNREAD.includes(path));
  const found = files.flatMap((path) => findOldNames(path, Deno.readTextFileSync(join(root, path))));
  if (found.length > 0) throw new SpikeletError([...found, "See tools/check_names.ts."].join("\n"));
}

function isIn(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}
