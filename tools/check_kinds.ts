/**
 * Checks that no file of the engine names a kind of neuron or operator: a plan names its kernels, and engines execute its steps.
 * So a new kind changes nothing there. Comments may name kinds, to explain.
 */
import { join } from "node:path/posix";
import { SpikeletError } from "../src/errors.ts";
import { NEURONS } from "../src/network/neurons.ts";
import { OPERATORS } from "../src/network/operators.ts";
import { filesIn } from "./steps.ts";

/** Kinds whose names are words of other things in the engine, each with those; only what can be nothing but the kind counts. */
const WORDS: Readonly<Record<string, string>> = {
  delay: "edges and ports have delays",
  scale: "a constant of neurons; the factor of a readout, of features, of a sample's gradient",
};

/** Every kind, and how code would name it. */
const KINDS = [...Object.keys(NEURONS), ...Object.keys(OPERATORS)].map((kind) => {
  const capitalised = `${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  const snake = kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const kernel = String.raw`(?:step|stepBack|scan|forward|backward|weightGradient)${capitalised}(?![a-z])`;
  const named = kind in WORDS
    ? [String.raw`(?:\bcase|[=!]==?|\b[kK]ind"?:) "${kind}"`, String.raw`"${kind}" [=!]==?`, kernel]
    : [
      String.raw`(?<![A-Za-z])(?:${kind}|${snake})(?![a-z])`,
      `${capitalised}(?![a-z])`,
      String.raw`(?<![A-Z])${snake.toUpperCase()}(?![A-Z])`,
    ];
  return { kind, named: new RegExp(named.join("|")) };
});

/** Lists kinds that a file's name or code names, one line each. @param path The project's. */
export function findKinds(path: string, text: string): string[] {
  const lines = [path, ...withoutComments(text).split("\n")];
  return KINDS.flatMap(({ kind, named }) =>
    lines.flatMap((line, i) => {
      const found = named.exec(line)?.[0];
      return found === undefined
        ? []
        : [`${path}${i > 0 ? `:${i}` : ""}: ${found} names the kind ${kind}: the engine knows none`];
    })
  );
}

/** Checks that the engine names no kind. @throws {SpikeletError} when it does. */
export function checkKinds(root: string): void {
  const found = filesIn(root, "src/engine").flatMap((path) =>
    findKinds(path, Deno.readTextFileSync(join(root, path)))
  );
  if (found.length > 0) throw new SpikeletError([...found, "See tools/check_kinds.ts."].join("\n"));
}

/** Code with its lines, and nothing where comments were. */
function withoutComments(text: string): string {
  const tokens = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/.*/g;
  return text.replace(tokens, (token) => token.startsWith("/") ? token.replace(/[^\n]/g, "") : token);
}
