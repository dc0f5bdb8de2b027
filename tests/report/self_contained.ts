/**
 * Checks what every page promises: it loads nothing, runs nothing, and has texts for its figures.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DOMParser } from "linkedom";

/** The size limit of a page, in bytes. */
export const MOST_BYTES = 1_500_000;

/** Asserts that a page keeps the promises. @returns Its document. */
export function assertSelfContained(page: string) {
  assert.ok(new TextEncoder().encode(page).length < MOST_BYTES, `${page.length} characters`);
  const document = new DOMParser().parseFromString(page, "text/html");
  assert.equal(document.querySelectorAll("script, link, iframe, object, embed, base, form").length, 0);
  for (const element of document.querySelectorAll("*")) {
    for (const name of element.getAttributeNames()) {
      const value = element.getAttribute(name) ?? "";
      assert.ok(!name.startsWith("on"), `${element.localName} has ${name}`);
      if (["src", "srcset", "data", "poster", "action", "xlink:href"].includes(name)) {
        assert.match(value, /^data:image\/png;base64,/);
      }
      if (name === "href") assert.match(value, /^#/);
      if (name === "style") assert.doesNotMatch(value, /url\(/);
    }
  }
  for (const { textContent } of document.querySelectorAll("style")) {
    assert.doesNotMatch(textContent ?? "", /url\(|@import/);
  }
  assert.match(
    document.querySelector("meta[http-equiv=Content-Security-Policy]")?.getAttribute("content") ?? "",
    /^default-src 'none'/,
  );
  assert.equal(document.documentElement.getAttribute("lang"), "en");
  assert.equal(document.querySelectorAll("main, h1").length, 2);
  for (const image of document.querySelectorAll("img")) {
    assert.ok(image.getAttribute("alt"), image.outerHTML.slice(0, 80));
  }
  for (const plot of document.querySelectorAll("svg.plot")) {
    assert.equal(plot.getAttribute("role"), "img");
    assert.ok(plot.getAttribute("aria-label"));
    assert.doesNotMatch(plot.outerHTML, /NaN|undefined|Infinity/, plot.getAttribute("aria-label") ?? "");
  }
  const text = document.querySelector("main")?.textContent ?? "";
  assert.doesNotMatch(text, /\bNaN\b|\bundefined\b|\bInfinity\b|\[object /);
  // Each entry of the contents links to a section.
  for (const link of document.querySelectorAll("nav a")) {
    assert.ok(document.querySelector(`section${link.getAttribute("href")}`), link.outerHTML);
  }
  return document;
}
