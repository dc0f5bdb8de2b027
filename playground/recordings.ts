/** The recordings that the page has: those of the last file, one after the other. */
import type { PictureSize, Samples } from "../src/data/samples.ts";
import { parseTensors } from "../src/data/tensor_file.ts";
import { InputError } from "../src/errors.ts";
import { shownName } from "../src/network/class_names.ts";
import { classNamesOf } from "../src/network/output_names.ts";
import { count, counted } from "../src/text/figures.ts";
import { fitRecordings, frameOf, type Recording, recordingAt } from "./logic/recordings.ts";
import { DigitCycle } from "./digits.ts";
import { RecordingView } from "./recording_view.ts";
import { MOST_BYTES, type Present } from "./present.ts";

export { RecordingView };

/** A recording, and a line about it. */
export interface DescribedRecording extends Recording {
  readonly line: string;
}

/** The recordings of one file, for one network at a time. */
export class Recordings {
  /** As the file has them. */
  readonly #given: Samples;
  /** With the labels that the network has for their classes. */
  #samples: Samples;
  #cycle: DigitCycle;
  #present: Present;

  private constructor(present: Present, given: Samples) {
    this.#given = given;
    this.#present = present;
    this.#samples = fitRecordings(present, present.title, given);
    this.#cycle = new DigitCycle(this.#samples);
  }

  /** Reads a file. @throws {InputError} when it is damaged, or the network does not read what it holds. */
  static async read(file: File, present: Present): Promise<Recordings> {
    if (file.size > MOST_BYTES) {
      const found = `${count(file.size)} bytes, expected at most ${count(MOST_BYTES)}`;
      throw new InputError(`${file.name}: ${found}: drop a part of these recordings`);
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    return new Recordings(present, parseTensors(bytes, file.name));
  }

  /** The same recordings for another network; undefined where it does not read them. */
  for(present: Present): Recordings | undefined {
    try {
      return new Recordings(present, this.#given);
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
  }

  /** What there is, and what to do with it, in a sentence. */
  get line(): string {
    const { count: all, name } = this.#samples, many = counted(all, "recording");
    return `${many} of ${shownName(name, 32)}. Press Next recording, or the name of a class.`;
  }

  /** The size of their pictures, where they have some. */
  get frame(): Required<PictureSize> | undefined {
    return frameOf(this.#present.spec, this.#samples);
  }

  /** Whether there is one of a class. */
  has(label: number): boolean {
    return this.#cycle.has(label);
  }

  /** The next one, or the next one of a class; undefined if there is none. */
  next(label?: number): DescribedRecording | undefined {
    const at = this.#cycle.next(label);
    if (at === undefined) return undefined;
    const recording = recordingAt(this.#samples, at), { label: own } = recording;
    const name = shownName(classNamesOf(this.#present)[own] ?? String(own), 32);
    return {
      ...recording,
      line: `Recording ${count(at + 1)} of ${count(this.#samples.count)}: it is a ${name}.`,
    };
  }
}
