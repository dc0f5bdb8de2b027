/**
 * The style sheet of a report: light and dark by the reader's system, phones, and paper.
 *
 * Colours are those of Okabe and Ito (2008), which colour-blind readers can distinguish, darkened or lightened to a contrast
 * of at least 3 to 1 with the paper.
 */

import { CLASS_COLOUR_STYLE } from "./class_colours.ts";

/** Rules of a report and of the page that learns: the colours as custom properties, links and plots. */
export const BASE_STYLE = `${CLASS_COLOUR_STYLE}
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f6f7f9; --line: #d5d9e0; --ink: #1a1d23; --soft: #535b68; --faint: #a3abb8;
  --blue: #0072b2; --vermillion: #d55e00; --green: #00865f; --purple: #b3548c; --orange: #b07a00; --sky: #2f8fc4;
  --on-colour: #ffffff;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1d2128; --line: #363c47; --ink: #e8eaee; --soft: #a9b1be; --faint: #6b7482;
    --blue: #56b4e9; --vermillion: #f2874b; --green: #2fc79a; --purple: #e09cc6; --orange: #e69f00; --sky: #8fd0f5;
    --on-colour: #14171c;
  }
}
* { box-sizing: border-box; }
a { color: var(--blue); }
svg.plot { display: block; width: 100%; height: auto; color: var(--ink); font: 12px system-ui, sans-serif; background: none; overflow: visible; }
svg.plot text { white-space: pre; }
`;

/** CSS of a report, for a `<style>`. */
export const STYLE = `${BASE_STYLE}
@media screen and (prefers-color-scheme: dark) { img.sample:not(.colours) { filter: invert(1); border-color: #ccc; } }
body { margin: 0; position: relative; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
body > * { max-width: 1040px; margin-inline: auto; padding-inline: 20px; }
h1, h2, h3 { line-height: 1.2; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: 2rem; margin: 1.5rem 0 .25rem; }
.masthead { display: flex; flex-wrap: wrap; align-items: center; gap: 0 12px; max-width: none; margin: 0; color: var(--soft); }
.masthead b { color: var(--ink); font-size: 1.5rem; line-height: 1.2; letter-spacing: -.01em; }
.masthead .mark { flex: none; fill: #14171c; }
.masthead .mark path { fill: none; stroke: #ff9708; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) { .masthead .mark rect { stroke: var(--line); } }
header { padding-top: 12px; outline: none; }
header > h2 { font-size: 1.1rem; margin: 1.25rem 0 .5rem; padding: 0; border: 0; }
.summary { font-size: 1.1rem; max-width: 50rem; margin: 1rem 0; }
.steps { padding-left: 1.4em; margin: .5rem 0 1.25rem; max-width: 50rem; }
.steps li { margin: .5rem 0; }
.steps pre { margin: .35rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
h2 { font-size: 1.45rem; margin: 3rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
h4 { font-size: 1rem; margin: 1.25rem 0 .25rem; font-weight: 500; }
p { max-width: 46rem; margin: .5rem 0; }
.lead { max-width: none; }
.lead span { display: inline-block; }
.lead, .note, figcaption, footer { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 1rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 1.25rem 0; }
.tiles div { background: var(--card); border-radius: 10px; padding: 12px 14px; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
.warning { border-left: 4px solid var(--vermillion); background: var(--card); padding: 10px 14px; max-width: none; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); gap: 20px; align-items: start; }
.grid > * { min-width: 0; }
@media screen and (min-width: 900px) { .grid.beside { grid-template-columns: 340px 1fr; } }
figure { margin: 0 0 1rem; min-width: 0; }
figcaption { font-size: .875rem; margin-top: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: .875rem; color: var(--soft); margin: 4px 0; max-width: none; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 3px; margin-right: .45em; vertical-align: -.05em; }
.legend .key { margin-right: .45em; vertical-align: .1em; }
details { margin: .5rem 0; font-size: .875rem; }
summary { cursor: pointer; color: var(--blue); }
.scroll, pre { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; margin: .5rem 0; }
caption { text-align: left; color: var(--soft); padding: 4px 0; }
th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th:first-child, .words :is(td, th) { text-align: left; }
.words td { overflow-wrap: anywhere; min-width: 8em; }
.words table { width: 100%; }
thead th { color: var(--soft); font-weight: 500; }
tbody th { font-weight: 500; }
pre { background: var(--card); border-radius: 8px; padding: 12px 14px; font-size: .85rem; }
.pictures, .weights { list-style: none; padding: 0; display: grid; gap: 14px; margin: 1rem 0; }
.pictures { grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); }
.pictures.sequence { grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); }
.pictures li, .weights li { display: flex; flex-direction: column; font-size: .85rem; line-height: 1.35; }
.weights:not(.rows) { grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); gap: 12px 10px; }
.weights li { font-size: .75rem; color: var(--soft); }
.weights li b { color: var(--ink); }
.weights.rows { gap: 3px; }
.weights.rows li { flex-direction: row; gap: 8px; align-items: center; }
.weights.rows img { flex: 1; min-width: 0; }
.weights.rows span { flex: none; width: 12em; white-space: nowrap; }
.weights.rows br { display: none; }
img { image-rendering: pixelated; border: 1px solid var(--line); border-radius: 4px; max-width: 100%; background: none; }
.weights:not(.rows) img { width: 100%; height: auto; }
.weights.planes { grid-template-columns: repeat(auto-fill, minmax(min(100%, calc(var(--planes) * 46px)), 1fr)); gap: 12px 18px; }
.weights.planes div { display: flex; gap: 3px; }
.weights.planes img { flex: 1; min-width: 0; }
.maps { list-style: none; padding: 0; margin: 0; display: grid; gap: 10px 14px; }
.maps li { display: flex; flex-direction: column; font-size: .75rem; color: var(--soft); }
.maps img { width: 100%; height: auto; border: 0; border-radius: 0; }
svg.plot { font-size: 11.5px; max-width: 560px; }
svg.plot image { image-rendering: pixelated; }
svg.plot.graph { font-size: 12px; max-width: none; }
svg.graph text { white-space: normal; fill: var(--ink); }
.drawing { max-width: var(--width); min-width: var(--least); }
svg.graph .soft { fill: var(--soft); }
svg.graph .small { font-size: 11px; }
svg.graph .rim { stroke: var(--paper); stroke-width: 4; stroke-linejoin: round; paint-order: stroke; }
svg.graph rect { stroke-width: 1.5; }
svg.graph .edge { fill: none; stroke: var(--soft); stroke-width: 1.4; }
svg.graph .back { stroke-dasharray: 5 3; }
article.trace { margin: 1.5rem 0 2.5rem; }
article.trace header { display: flex; gap: 16px; align-items: center; margin-bottom: 12px; }
article.trace header h3, article.trace header p { margin: 0; }
.way-back { position: absolute; inset: 100vh 0 0; max-width: none; pointer-events: none; overflow: clip; }
.way-back a {
  position: sticky; top: calc(100vh - 60px); float: right; margin: 0 16px; padding: 9px 14px; pointer-events: auto;
  border: 1px solid var(--line); border-radius: 22px; background: var(--card); text-decoration: none; font-size: .9rem;
}
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
footer { font-size: .85rem; margin-block: 3rem 2rem; }
@media screen and (min-width: 1500px) {
  body > * { max-width: 1400px; }
  .grid { grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); }
  .summary, .steps, p { max-width: 60rem; }
}
@media (max-width: 480px) { svg.plot { font-size: 13px; } }
@media (max-width: 389px) { svg.plot { font-size: 14.5px; } }
@media (max-width: 360px) { svg.plot { font-size: 15.5px; } }
@media (max-width: 480px) {
  body { font-size: 15px; }
  .summary { font-size: 1.05rem; }
  body > * { padding-inline: 14px; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
}
@media print {
  @page { margin: 14mm; }
  body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body > * { max-width: none; padding: 0; }
  nav, details:not([open]), .way-back { display: none; }
  svg.plot { font-size: 13px; max-width: none; }
  .drawing { min-width: 0; }
  svg.plot.graph { max-height: 190mm; }
  footer { margin-block: 1rem 0; }
  .grid { grid-template-columns: 1fr 1fr; }
  .grid.wide { grid-template-columns: 1fr; }
  p, figure, li, table, tr, pre, .tiles, .tiles div, article.trace { break-inside: avoid; }
  h2, h3, h4, h2 ~ p, caption, thead, .legend, article.trace header { break-after: avoid; }
  h2 { margin-top: 1.75rem; }
  table { font-size: 8.5pt; }
  th, td { padding-block: 1.5px; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(110px, 1fr)); }
  .pictures:not(.sequence) { grid-template-columns: repeat(8, 1fr); gap: 8px; }
  .pictures:not(.sequence) img { height: auto; }
  .pictures li { font-size: 7.5pt; }
  .weights:not(.rows, .planes) { grid-template-columns: repeat(10, 1fr); gap: 8px; }
  article.trace { margin: 1rem 0; }
  article.trace:has(.maps) .grid { grid-auto-flow: dense; gap: 8px 20px; }
  article.trace:has(.maps) .grid > div { display: contents; }
  article.trace:has(.maps) .grid :is(figure:has(.maps), .legend) { grid-column: 1 / -1; }
  .maps { grid-template-columns: repeat(auto-fit, minmax(90px, 1fr)) !important; }
  thead { display: table-header-group; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
}
`;
