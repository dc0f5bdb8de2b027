/** How the layers are doing and how they learned, in words: the answer to "my spiking network learns nothing". */
import { percent, short } from "../text/figures.ts";
import type { Finding } from "../training/diagnosis.ts";
import type { ExplainedLayer } from "../runs/run_summary.ts";
import { Advice, type AdvisedOptions, type Remedy, TIED } from "./advice.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { numberOfLayer } from "../network/words.ts";
import { alignColumns } from "../text/columns.ts";
import { wrapLine } from "./output.ts";
import { describeFinding, isExplained } from "./finding_words.ts";

/** Columns of a line at most. */
const WIDTH = 100;

/**
 * Describes layers and what stands out in how they learned, and says what usually helps.
 *
 * @param options The run's: advice is what its command accepts.
 * @param isResumed The run resumed from a checkpoint, with most of its options fixed.
 */
export function explain(
  { layers, findings }: { readonly layers: readonly ExplainedLayer[]; readonly findings: readonly Finding[] },
  options: AdvisedOptions,
  isResumed = false,
): string[] {
  const advice = new Advice(options);
  const given = new Set<string>();
  const lines = findings.flatMap((finding) => {
    const { says, helps } = describeFinding(finding, { layers, findings, options, advice });
    const help = inWords(helps),
      isGiven = given.has(help) || given.size > 0 && isExplained(finding, findings);
    if (help === "" || isGiven) return wrap(says.join(" "));
    given.add(help);
    return [...wrap(says.join(" ")), ...wrap(`  What usually helps: ${help}.`)];
  });
  return [
    ...tableOf(layers, options.spec),
    "",
    ...(isResumed && given.size > 0
      ? ["A resumed run keeps its options: what usually helps is for a new run."]
      : []),
    ...(lines.length > 0 ? lines : wrap(
      "Nothing stands out: most units fire, and not at every step, and no gradient vanishes or explodes. If it learns " +
        `too little still: ${inWords([advice.epochs(), advice.lowerRate(), advice.higherRate()])}.`,
    )),
  ];
}

function tableOf(layers: readonly ExplainedLayer[], spec: NetworkSpec): string[] {
  const orDash = (value: number | null, write: (value: number) => string) =>
    value === null ? "–" : write(value);
  const head = [
    ...["layer", "neuron", "units", "fires", "silent", "saturated", "current", "largest", "threshold"],
    ...["steady", "weight", "gradient"],
  ];
  const rows = layers.map((layer) => [
    numberOfLayer(spec, layer.layer - 1),
    layer.neuron,
    String(layer.units),
    orDash(layer.firingRate, percent),
    orDash(layer.silent, String),
    orDash(layer.saturated, String),
    `${short(layer.current.mean)} ± ${short(layer.current.deviation)}`,
    short(layer.current.largest),
    orDash(layer.threshold, short),
    orDash(layer.steadyCurrent, short),
    short(layer.largestWeight),
    orDash(layer.gradientNorm, short),
  ]);
  const right = head.slice(2).map(() => "right" as const);
  return [
    `Layers, over ${layers[0]?.samples ?? 0} training samples:`,
    ...alignColumns([head, ...rows], ["left", "left", ...right]).map((line) => `  ${line}`),
    "  steady: a current of this size, at every step, reaches the threshold by the last one",
    "  weight: the largest; gradient: its norm in a batch, the median of training's second half",
  ];
}

/** Remedies with commas between them; empty where there are none. */
function inWords(remedies: readonly Remedy[]): string {
  const there = remedies.filter((remedy) => remedy !== undefined);
  const last = there.at(-1) ?? "";
  return there.length > 1 ? `${there.slice(0, -1).join(", ")}, or ${last}` : last;
}

/** A text as lines; remedies stay whole. */
function wrap(text: string): string[] {
  return wrapLine(text, WIDTH).map((line) => line.replaceAll(TIED, " "));
}
