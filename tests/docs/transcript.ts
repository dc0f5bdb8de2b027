/**
 * A page of documentation as a transcript: the commands in its shell blocks, and the output that it promises.
 *
 * - A block of `sh` runs as it stands. Blocks of `text` after it are its output.
 * - `…` stands for anything: alone on a line for any lines, within a line for the rest of it. Numbers stand for any number.
 * - `^C` on a line of its own interrupts the first command of its section, which runs until then; the rest of that block is
 *   the output of the interrupted command.
 * - `deno test --doc` runs blocks of `ts`. There are no other blocks, so that every command is tested.
 *
 * @module
 */

/** A command and its output. */
export interface Step {
  /** The heading above it. */
  readonly section: string;
  readonly command: string;
  /** Lines that appear, in this order. */
  readonly promised: readonly string[];
  /** Lines that appear after an interrupt; undefined if the command ends by itself. */
  readonly interrupted: readonly string[] | undefined;
  /** The number of following steps that run meanwhile. */
  readonly during: number;
}

interface Draft {
  readonly section: string;
  readonly command: string;
  readonly promised: string[];
  interrupted?: string[];
  during: number;
}

/** Reads a page. @throws {Error} on a block of another kind. */
export function readTranscript(markdown: string): Step[] {
  const steps: Draft[] = [];
  let section = "";
  for (const [whole, heading, fence, language, content = ""] of markdown.matchAll(BLOCKS)) {
    if (heading !== undefined) {
      section = heading;
    } else if (fence !== "```") {
      throw new Error(`${whole.split("\n")[0]}: expected a block that begins with three backticks`);
    } else if (language === "sh") {
      steps.push({ section, command: content.trimEnd(), promised: [], during: 0 });
    } else if (language === "text") {
      takeOutput(steps, section, content.trimEnd().split("\n"));
    } else if (language !== "ts") {
      throw new Error(`a block of “${language}” in “${section}”: expected sh, text or ts`);
    }
  }
  return steps.map((step) => ({ ...step, interrupted: step.interrupted }));
}

/** A heading, or a block with its fence, its language and its content. */
const BLOCKS = /^#+ (.*)$|^ *(`{3,}|~{3,})(.*)\n([\s\S]*?)^ *\2 *$/gm;

/** Assigns lines of output to their command. */
function takeOutput(steps: Draft[], section: string, lines: readonly string[]): void {
  const last = steps.at(-1);
  if (last?.section !== section) throw new Error(`output without a command in “${section}”`);
  const at = lines.indexOf("^C");
  if (at < 0) {
    last.promised.push(...lines);
    return;
  }
  const first = steps.findIndex((step) => step.section === section), step = steps[first]!;
  if (step.interrupted !== undefined) throw new Error(`a second ^C in “${section}”`);
  step.promised.push(...lines.slice(0, at));
  step.interrupted = lines.slice(at + 1);
  step.during = steps.length - 1 - first;
}

/** Inline code that begins with `deno task`, in the prose of a page. */
export function commandsInProse(markdown: string): string[] {
  const prose = markdown.replace(BLOCKS, "").replace(/\s+/g, " ");
  return [...prose.matchAll(/`((?:npx -y \S+|deno) task\b[^`]*)`/g)].map(([, code]) => code!);
}

/** The first promised line that does not appear, in order; undefined if all do. */
export function missingFrom(lines: readonly string[], promised: readonly string[]): string | undefined {
  let at = 0;
  for (const line of promised) {
    if (line.trim() === "" || line.trim() === "…") continue;
    const pattern = patternOf(line);
    const found = lines.slice(at).findIndex((actual) => pattern.test(actual));
    if (found < 0) return line;
    at += found + 1;
  }
  return undefined;
}

/** A pattern for all lines of this form. */
function patternOf(line: string): RegExp {
  const pieces = line.trim().split(PLACEHOLDERS).map((piece, i) =>
    i % 2 === 0 ? RegExp.escape(piece) : FORMS.find((form) => form.test(piece))?.source ?? ".*"
  );
  return new RegExp(`^\\s*${pieces.join("")}\\s*$`);
}

/** Numbers, gaps, rows of a raster, bars: each matches any other. */
const FORMS = [/\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?/, /\s+/, /[\u2800-\u28ff]+/, /[▁-█]+/] as const;
/** The placeholders of a line: these, and `…`. */
const PLACEHOLDERS = new RegExp(`(${FORMS.map(({ source }) => source).join("|")}|…)`);
