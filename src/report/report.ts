/** The report of one run and its model, as one page. */
import { count, counted, duration, loss } from "../text/figures.ts";
import { meanSteps, type SampleWord, wordOf } from "../data/samples.ts";
import type { Score } from "../training/trainer.ts";
import { weightsOfInput } from "../network/tensors.ts";
import { seedOf } from "../engine/model_options.ts";
import { initialParameters } from "../network/initialise.ts";
import type { Model } from "../network/model_file.ts";
import { structureOf } from "../network/structure.ts";
import { describeNetwork } from "../network/words.ts";
import { networkOf } from "../runs/recorded_network.ts";
import { classesSection } from "./classes.ts";
import type { Findings } from "./findings.ts";
import { asPresented } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { kernelsSection } from "./kernels.ts";
import { learningSection } from "./learning.ts";
import { networkSection } from "./network.ts";
import { nextSteps } from "./next_steps.ts";
import { type PageContent, renderPage, type Tile } from "./page.ts";
import { hiddenSpikes, scoreOf, wilsonInterval } from "./predictions.ts";
import { rateFigures, ratesSection } from "./rates.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { dataOf, runSection } from "./run_facts.ts";
import { samplesSection } from "./samples.ts";
import { summaryOf } from "./summary.ts";
import { weightsSection } from "./weights.ts";
import { parameterCount, percent } from "./words.ts";

/** Renders the page. @param findings Missing where there is no model. */
export function reportPage(run: RecordedRun, findings?: Findings): Promise<string> {
  const score = findings && scoreOf(findings.predictions);
  const { metadata, metrics, epochs, model } = run;
  const learning = metadata && learningSection(metrics, epochs, score, model?.spec);
  return renderPage({
    title: run.name,
    lead: leadOf(run, findings),
    summary: summaryOfRun(run, findings),
    steps: nextSteps(run, findings),
    tiles: tilesOf(run, findings, score),
    warnings: warningsOf(run, findings, score),
    sections: [
      ["learning", "Learning", learning],
      ...(model && findings ? modelSections(model, findings) : networkAlone(run)),
      ["run", "The run", runSection(run)],
    ],
  });
}

function modelSections(model: Model, findings: Findings): PageContent["sections"] {
  const { spec, parameters } = model, begun = initialParameters(spec, seedOf(model));
  const { predictions, recordings: { count, layers }, traced } = findings;
  const samples = asPresented(findings.samples, spec);
  const steps = traced.length > 0 ? samplesSection(spec, parameters, samples, traced) : undefined;
  const word = wordOf(samples),
    rates = layers.length > 0 ? ratesSection(spec, { count, layers }, word) : undefined;
  const seeing = weightsOfInput(spec)?.population, first = layers.find(({ layer }) => layer === seeing);
  return [
    ["classes", "Right and wrong", classesSection(predictions, samples)],
    ["samples", "Samples, step by step", steps],
    ["network", "The network", recordedNetwork(spec, { count, layers }, word)],
    ["rates", "Firing rates", rates],
    ["kernels", "Kernels", kernelsSection(spec, parameters, samples, layers, begun)],
    ["weights", "Weights", weightsSection(spec, parameters, samples, first, begun)],
  ];
}

/** The network of a run without a model. */
function networkAlone(run: RecordedRun): PageContent["sections"] {
  const spec = networkOf(run);
  return [["network", "The network", spec && networkSection(spec)]];
}

/** The network with its recorded rates. */
function recordedNetwork(
  spec: Model["spec"],
  { count, layers }: Findings["recordings"],
  word: SampleWord,
): Markup {
  const { populations } = structureOf(spec);
  const rates = new Map(
    layers.map(({ layer, rates }) => [populations[layer]!.id, rateFigures(rates).mean] as const),
  );
  return networkSection(spec, rates, `the first ${counted(count, `test ${word}`)}`);
}

function summaryOfRun(
  { model, epochs, metadata }: RecordedRun,
  findings: Findings | undefined,
): Markup | undefined {
  if (!model || !findings) return undefined;
  const { predictions, recordings, samples } = findings;
  return summaryOf({
    spec: model.spec,
    predictions,
    recordings,
    word: wordOf(asPresented(samples, model.spec)),
    epochs,
    trainSamples: metadata?.result?.trainSamples,
  });
}

function leadOf({ metadata, model }: RecordedRun, findings: Findings | undefined): string[] {
  const kind = metadata?.options.model ?? model?.metadata.model;
  const network = model && `${kind ? `${kind} network ` : ""}${describeNetwork(model.spec)}`;
  const trained = metadata?.result?.trainSamples !== undefined && metadata.options.epochs !== undefined
    ? `${counted(metadata.options.epochs, "epoch")} of ${
      counted(metadata.result.trainSamples, "sample")
    } of ${dataOf(metadata)}`
    : undefined;
  const at = metadata?.finished ?? metadata?.started;
  const when = metadata &&
    (at === undefined ? metadata.state : `${metadata.state} ${at.slice(0, 16).replace("T", " ")} UTC`);
  const isOwn = metadata && findings?.samples.name === `${dataOf(metadata)} test`;
  const tested = findings && !isOwn ? `tested on ${findings.samples.name}` : undefined;
  return [network ?? kind, trained, tested, when].filter((part) => part !== undefined);
}

function tilesOf(
  { metadata, model, metrics }: RecordedRun,
  findings: Findings | undefined,
  score: Score | undefined,
): Tile[] {
  const tiles: Tile[] = [];
  if (score && findings && model) {
    const [low, high] = wilsonInterval(score.correct, score.total);
    tiles.push({
      name: "Accuracy, test set",
      value: percent(score.accuracy),
      note: `${count(score.correct)} of ${count(score.total)}; 95\u00a0% interval ${percent(low)} to ${
        percent(high)
      }`,
    });
    tiles.push({ name: "Loss, test set", value: loss(score.loss) });
    if (model.spec.steps > 1) {
      const spikes = hiddenSpikes(findings.predictions);
      const pairs = meanSteps(findings.samples, model.spec.steps) * structureOf(model.spec).spikingUnits;
      tiles.push({
        name: "Hidden spikes a sample",
        value: count(spikes),
        ...(pairs > 0 && { note: `${percent(spikes / pairs)} of all units and steps` }),
      });
    }
    tiles.push({ name: "Parameters", value: parameterCount(model.parameters) });
  }
  if (metadata?.result) {
    const { seconds, samplesPerSecond } = metadata.result;
    const note = samplesPerSecond === undefined ? undefined : `${count(samplesPerSecond)} samples a second`;
    tiles.push({ name: "Training time", value: duration(seconds), note });
  } else if (metrics.length > 0) {
    tiles.push({ name: "Batches recorded", value: count(metrics.length) });
  }
  return tiles;
}

function warningsOf(
  { metadata, model, modelPath }: RecordedRun,
  findings: Findings | undefined,
  score: Score | undefined,
): string[] {
  const warnings: string[] = [];
  if (metadata && metadata.state !== "finished") {
    const reason = metadata.error === undefined ? "" : `: ${metadata.error}`;
    warnings.push(`This run's state is “${metadata.state}”${reason}.`);
  }
  warnings.push(...metadata?.result?.warnings ?? []);
  if (!model) warnings.push("It has no model, so its accuracy, samples, rates and weights are left out.");
  const { correct, total } = metadata?.result?.test ?? {};
  if (
    findings && score && correct !== undefined && total !== undefined &&
    (correct !== score.correct || total !== score.total)
  ) {
    warnings.push(
      `run.json says ${count(correct)} of ${count(total)}, but ${modelPath} names ${
        count(score.correct)
      } of ${count(score.total)} of ${findings.samples.name}: other data, other kernels, or another model.`,
    );
  }
  return warnings;
}
