/**
 * The report of one run, from its files and its model, as one page.
 *
 * @module
 */
import { count, counted, duration, loss } from "../text/figures.ts";
import { meanSteps, wordOf } from "../data/samples.ts";
import type { Score } from "../training/trainer.ts";
import { hiddenUnitsOf } from "../network/spec.ts";
import { sizesOf } from "../network/words.ts";
import { classesSection } from "./classes.ts";
import type { Findings } from "./findings.ts";
import { asPresented } from "./layout.ts";
import { learningSection } from "./learning.ts";
import type { Markup } from "./markup.ts";
import { type PageContent, renderPage, type Tile } from "./page.ts";
import { scoreOf, wilsonInterval } from "./predictions.ts";
import { ratesSection } from "./rates.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { runSection } from "./run_facts.ts";
import { samplesSection } from "./samples.ts";
import { weightsSection } from "./weights.ts";
import { percent } from "./words.ts";

/**
 * Writes the page.
 *
 * @param findings Missing where there is no model.
 */
export function reportPage(run: RecordedRun, findings?: Findings): Promise<string> {
  const { name, metadata, metrics, model } = run;
  const score = findings && scoreOf(findings.predictions);
  const sections: (readonly [id: string, name: string, content: Markup])[] = [];
  const add = (id: string, name: string, content: Markup | undefined) => {
    if (content !== undefined) sections.push([id, name, content]);
  };
  if (metadata) {
    add("learning", "Learning", learningSection(metrics, run.epochs, score, model?.spec.loss.kind));
  }
  if (model && findings) {
    const { predictions, recordings, traced } = findings;
    const { spec, parameters } = model, samples = asPresented(findings.samples, spec);
    add("classes", "Right and wrong", classesSection(predictions, samples));
    if (traced.length > 0) {
      add("samples", "Samples, step by step", samplesSection(spec, parameters, samples, traced));
    }
    if (recordings.layers.length > 0) {
      add("rates", "Firing rates", ratesSection(spec, recordings, wordOf(samples)));
    }
    add(
      "weights",
      "Weights",
      weightsSection(spec, parameters, samples, recordings.layers.find(({ layer }) => layer === 0)),
    );
  }
  add("run", "The run", runSection(run));
  const content: PageContent = {
    title: name,
    lead: leadOf(run),
    tiles: tilesOf(run, findings, score),
    warnings: warningsOf(run, findings, score),
    contents: sections.map(([id, name]) => [id, name]),
    sections: sections.map(([, , content]) => content),
  };
  return renderPage(content);
}

function leadOf({ metadata, model }: RecordedRun): string {
  const kind = metadata?.options.model ?? model?.metadata.model;
  const sizes = model &&
    `${kind ? `${kind} network ` : ""}${sizesOf(model.spec)}${
      model.spec.steps > 1 ? `, ${count(model.spec.steps)} steps` : ""
    }`;
  const trained = metadata?.result?.trainSamples !== undefined && metadata.options.epochs !== undefined
    ? `${counted(metadata.options.epochs, "epoch")} of ${counted(metadata.result.trainSamples, "sample")}`
    : undefined;
  const at = metadata?.finished ?? metadata?.started;
  const when = metadata &&
    [metadata.state, at === undefined ? "" : `${at.slice(0, 16).replace("T", " ")} UTC`]
      .filter((part) => part !== "").join(" ");
  return [sizes ?? kind, trained, when].filter((part) => part !== undefined).join(" · ");
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
      const spikes = findings.predictions.spikes.reduce((sum, n) => sum + n, 0) / score.total;
      const pairs = meanSteps(findings.samples, model.spec.steps) *
        hiddenUnitsOf(model.spec);
      tiles.push({
        name: "Hidden spikes a sample",
        value: count(spikes),
        ...(pairs > 0 && { note: `${percent(spikes / pairs)} of all units and steps` }),
      });
    }
    const parameters = model.parameters.values().reduce((sum, { length }) => sum + length, 0);
    tiles.push({ name: "Parameters", value: count(parameters) });
  }
  if (metadata?.result) {
    const { seconds, samplesPerSecond } = metadata.result;
    tiles.push({
      name: "Training time",
      value: duration(seconds),
      ...(samplesPerSecond !== undefined && { note: `${count(samplesPerSecond)} samples a second` }),
    });
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
    warnings.push(
      `This run's state is “${metadata.state}”${metadata.error === undefined ? "" : `: ${metadata.error}`}.`,
    );
  }
  warnings.push(...metadata?.result?.warnings ?? []);
  if (!model) warnings.push("It has no model, so what needs one is left out.");
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
