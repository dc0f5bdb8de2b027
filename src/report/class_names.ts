/** Names of classes in a text: each in its class's colour. */
import { classColour } from "./class_colours.ts";
import { html, type Markup } from "./markup.ts";
import { className } from "./words.ts";

/** A class's name in its colour. */
export function colouredName(names: readonly string[], label: number): Markup {
  return html`<b style="color:${classColour(label)}">${className(names, label)}</b>`;
}

/** Pieces as a list in words: `a`, `a and b`, `a, b and c`. */
export function inWords(pieces: readonly Markup[]): Markup {
  const [first = html``, ...others] = pieces;
  return others.reduce(
    (said, piece, i) => html`${said}${i === others.length - 1 ? " and " : ", "}${piece}`,
    first,
  );
}
