/**
 * One colour a class, the same in every plot, report and page: ten, and from the eleventh class on they begin again.
 *
 * They were found by a search: in OKLab any two lie at least 0.08 apart, as they are and as people with protanopia, deuteranopia or
 * tritanopia see them, and each has a contrast of 4.5 to 1 with the paper, so that names can be written in it. Both lists
 * have about the same hues. `tests/report/class_colours_test.ts` holds them to that.
 */

/** The colours on light paper and on dark. */
export const CLASS_COLOURS = {
  light: [
    "#0331d4",
    "#d52501",
    "#606f52",
    "#bd3696",
    "#034a63",
    "#422701",
    "#983cf8",
    "#84063e",
    "#66119b",
    "#0976bc",
  ],
  dark: [
    "#97a2fd",
    "#ff9708",
    "#b1e093",
    "#ee458a",
    "#6dd3ee",
    "#b57e04",
    "#a465ff",
    "#caaaa4",
    "#f2e9ff",
    "#3c92be",
  ],
} as const;

/** The colour of a class, as a custom property of the style sheet. @param label From 0. */
export function classColour(label: number): string {
  return `var(--class-${label % CLASS_COLOURS.light.length})`;
}

const propertiesOf = (colours: readonly string[]) =>
  colours.map((colour, label) => `--class-${label}: ${colour};`).join(" ");

/** Rules that define the custom properties; on paper they are those of light. */
export const CLASS_COLOUR_STYLE = `
:root { ${propertiesOf(CLASS_COLOURS.light)} }
@media screen and (prefers-color-scheme: dark) { :root { ${propertiesOf(CLASS_COLOURS.dark)} } }
`;
