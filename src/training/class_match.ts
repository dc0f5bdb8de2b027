/** Matches data and a model by the names of their classes, not by the numbers that a data set happens to give them. */
import type { Samples } from "../data/samples.ts";
import { sharedBuffer } from "../data/shared_memory.ts";
import { InputError } from "../errors.ts";
import { ranges } from "../text/figures.ts";
import { areIndices, filledNames, listNames, shownName } from "../network/class_names.ts";
import { classNamesOf } from "../network/output_names.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";

/** A network and the names of its classes, if known. */
export interface NamedNetwork {
  readonly spec: NetworkSpec;
  readonly classes?: readonly string[];
}

/** Samples labelled with a network's outputs. */
export interface MatchedSamples {
  /** Samples whose labels are the network's outputs; the given object itself if no label changed. */
  readonly samples: Samples;
  /** The assumption that was made about the classes, in a sentence. */
  readonly notice?: string;
}

/**
 * Gives samples the labels that a network has for their classes.
 *
 * - Both have names: a class matches the output of its name. Classes without a sample need no output.
 * - The samples have names, the network has none: its outputs are "0", "1", … Other names than these match outputs in their
 *   order where there are as many as outputs, with a notice; else they are rejected.
 * - The samples have no names: labels are outputs, with a notice where the network has names.
 *
 * @param whose The network's source in messages, such as a model's file.
 * @param advice The message's advice where they do not match.
 * @throws {InputError} when a sample is of a class that the network does not have.
 */
export function matchClasses(
  network: NamedNetwork,
  whose: string,
  samples: Samples,
  advice: string,
): MatchedSamples {
  const { classes: outputs } = structureOf(network.spec), { classes, name } = samples;
  if (!classes) {
    checkLabels(samples, outputs, whose, advice);
    if (network.classes === undefined) return { samples };
    const named = { ...samples, classes: network.classes };
    return areIndices(network.classes) ? { samples: named } : {
      samples: named,
      notice: `${name} names no classes: its labels are taken in the order of the model's, ${
        listNames(network.classes)
      }`,
    };
  }
  const known = classNamesOf(network);
  if (network.classes === undefined && !areIndices(classes)) {
    if (classes.length === outputs) {
      return {
        samples,
        notice:
          `${whose} names no classes: its ${outputs} outputs are taken for those of ${name} in their order, ${
            listNames(classes)
          }`,
      };
    }
    throw new InputError(
      `${whose}: its ${outputs} classes have no names, but ${name} has ${classes.length}, ` +
        `${listNames(classes)}: they cannot be matched: ${advice}`,
    );
  }
  const places = new Map(known.map((each, place) => [each, place]));
  const outputOf = classes.map((each) => places.get(each));
  const strange = samples.labels.subarray(0, samples.count).find((label) => outputOf[label] === undefined);
  if (strange !== undefined) {
    throw new InputError(
      `${whose}: it has no class ${shownName(classes[strange] ?? String(strange))}, which ${name} has: ` +
        `its classes are ${listNames(known)}: ${advice}`,
    );
  }
  return { samples: relabelled(samples, outputOf, known) };
}

/** Relabels samples; labels without an output do not occur among them. */
function relabelled(
  samples: Samples,
  outputOf: readonly (number | undefined)[],
  classes: readonly string[],
): Samples {
  if (outputOf.every((output, label) => output === label || output === undefined)) {
    return { ...samples, classes };
  }
  const labels = new Uint8Array(sharedBuffer(samples.labels.length));
  for (let i = 0; i < samples.count; i++) labels[i] = outputOf[samples.labels[i]!]!;
  return { ...samples, labels, classes };
}

/**
 * Names a network's outputs after the classes of its training data.
 *
 * @returns One name for each output; `undefined` where the classes have no names.
 * @throws {InputError} when there are more classes than outputs.
 */
export function nameOutputs(
  spec: NetworkSpec,
  whose: string,
  { train, test }: { readonly train: Samples; readonly test: Samples },
  advice: string,
): readonly string[] | undefined {
  const { name, classes } = train, { classes: outputs } = structureOf(spec);
  if (classes && classes.length > outputs) {
    throw new InputError(
      `${whose}: its network has ${outputs} classes, but ${name} has ${classes.length}, ${
        listNames(classes)
      }: ${advice}`,
    );
  }
  for (const part of [train, test]) checkLabels(part, outputs, whose, advice);
  return classes && filledNames(classes, outputs);
}

function checkLabels(
  { labels, count, name, labelsFrom = name }: Samples,
  outputs: number,
  whose: string,
  advice: string,
): void {
  const at = labels.subarray(0, count).findIndex((label) => label >= outputs), strange = labels[at];
  if (at < 0) return;
  // Some data sets number their classes from 1.
  const hint = strange === outputs && !labels.subarray(0, count).includes(0)
    ? "it has none that is 0, so they may count from 1: take 1 off each, or "
    : "";
  throw new InputError(
    `${whose}: its network has ${outputs} classes, but ${labelsFrom} has label ${strange} at ${at}: ${hint}${advice}`,
  );
}

/**
 * Gives both parts of a data set the same classes: those that the training part names. A part without names takes the numbering
 * of the other one.
 *
 * @throws {InputError} when a test sample is of a class that the training part does not name, or a label has no name.
 */
export function alignParts(
  { train, test }: { readonly train: Samples; readonly test: Samples },
): { readonly train: Samples; readonly test: Samples } {
  const classes = train.classes ?? test.classes;
  if (!classes) return { train, test };
  for (const { labels, count, labelsFrom, name } of [train, test]) {
    const wrong = labels.subarray(0, count).findIndex((label) => label >= classes.length);
    if (wrong < 0) continue;
    throw new InputError(
      `${labelsFrom ?? name}: label ${labels[wrong]} at ${wrong}: there are ${classes.length} classes, ${
        listNames(classes)
      }: expected 0 to ${classes.length - 1}: the file is damaged, or of another data set`,
    );
  }
  if (!train.classes || !test.classes) return { train: { ...train, classes }, test: { ...test, classes } };
  const places = new Map(classes.map((name, place) => [name, place]));
  const outputOf = test.classes.map((name) => places.get(name));
  const strange = test.labels.subarray(0, test.count).find((label) => outputOf[label] === undefined);
  if (strange !== undefined) {
    throw new InputError(
      `${test.name}: class ${shownName(test.classes[strange]!)} is not among those of ${train.name}: ` +
        `expected one of ${listNames(classes)}`,
    );
  }
  return { train, test: relabelled(test, outputOf, classes) };
}

/** Warns of suspicious labels in a data set: see {@linkcode noticesOfGaps} and {@linkcode noticesOfStrangers}. */
export function noticesOfLabels(parts: { readonly train: Samples; readonly test: Samples }): string[] {
  const { train, test } = parts;
  return [
    ...noticesOfGaps([train, test]),
    ...noticesOfStrangers(train, test),
    ...noticesOfUntested(test, untestedOf(test, [...labelsOf(train)])),
  ];
}

/** The labels that occur in a part. */
function labelsOf({ labels, count }: Samples): Set<number> {
  return new Set(labels.subarray(0, count));
}

/** Classes in words: their names, or their labels where the names are indices. */
function describeClasses(labels: readonly number[], classes: readonly string[] = []): string {
  if (!areIndices(classes)) return listNames(labels.map((label) => classes[label]!));
  return `label${labels.length === 1 ? "" : "s"} ${ranges([...labels])}`;
}

/** Those of the labels that have no test sample, ascending. */
export function untestedOf(test: Samples, labels: readonly number[]): number[] {
  const tested = labelsOf(test);
  return labels.filter((label) => !tested.has(label)).toSorted((a, b) => a - b);
}

/** Warns of classes without a test sample. @param untested Their labels. */
export function noticesOfUntested({ name, classes }: Samples, untested: readonly number[]): string[] {
  if (untested.length === 0) return [];
  const named = describeClasses(untested, classes);
  return [`${name}: no sample has ${named}: the accuracy says nothing about that`];
}

/** Warns of classes that have test samples and no training samples. */
function noticesOfStrangers(train: Samples, test: Samples): string[] {
  const strange = untestedOf(train, [...labelsOf(test)]);
  if (strange.length === 0) return [];
  const named = describeClasses(strange, test.classes);
  return [`${test.name}: it has ${named}, of which ${train.name} has no sample: that cannot be learned`];
}

/**
 * Warns of labels that look damaged: classes that never occur although a higher one does, or although they have a name.
 *
 * @param parts All parts of the data set, with the same classes.
 */
export function noticesOfGaps(parts: readonly Samples[]): string[] {
  const occurs = new Set(parts.flatMap((part) => [...labelsOf(part)]));
  const most = Math.max(...occurs), [{ name = "", classes = [] } = {}] = parts;
  const missing = Array.from({ length: Math.max(most + 1, classes.length) }, (_, label) => label)
    .filter((label) => !occurs.has(label));
  if (missing.length === 0) return [];
  const never = `no sample of any part has ${describeClasses(missing, classes)}`;
  // A damaged byte gives a label that is too large: the one above the last gap.
  const above = Math.min(...[...occurs].filter((label) => label > missing.at(-1)!));
  const places = parts.flatMap(({ labels, count, labelsFrom, name }) => {
    const at = labels.subarray(0, count).indexOf(above);
    return at < 0 ? [] : [`${labelsFrom ?? name}: label ${above} at ${at}`];
  });
  const doubt = missing.length === 1 && missing[0] === 0 ? "do they count from 1?" : "is it damaged?";
  return [places.length > 0 ? `${places[0]}, but ${never}: ${doubt}` : `${name}: ${never}`];
}
