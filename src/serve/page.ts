/** The page at `/`, without a script: a form for one picture, or, for a network that takes none, how to send JSON. */
import { html } from "hono/html";
import type { SampleForm } from "../classify/sample_form.ts";

/** The most numbers that an example writes out; the shell repeats a longer sample's. */
const MOST_WRITTEN = 40;

/**
 * Writes the page.
 *
 * @param form The form of the network's samples.
 * @param side Of its square pictures; `undefined` where it takes none.
 * @param url The page's own: the address for requests is beside it.
 * @param hasModel Whether there is a `/model`.
 * @returns HTML.
 */
export async function formPage(
  form: SampleForm,
  side: number | undefined,
  url: string,
  hasModel = true,
): Promise<string> {
  const content = side !== undefined
    ? html`
      <h1>What does the picture show?</h1>
      <form action="classify" method="post" enctype="multipart/form-data">
        <label>A picture, as PNG: <input type="file" name="picture" accept="image/png" required></label>
        <button>Classify</button>
      </form>
      <p>The answer is JSON. Programs post the same to <code>/classify</code>.</p>
    `
    : html`
      <h1>Classify by JSON</h1>
      <p>This network takes no square pictures, but ${form.describe()}. Post a sample as
      <code>{ "${keyOf(
        form,
      )}": [ … ] }</code> to <code>/classify</code>, or a list of such. Of zeros, to try it:</p>
      <pre><code>${exampleOf(form, new URL("classify", url).href)}</code></pre>
      <p>The answer is JSON.</p>
    `;
  return String(
    await html`
      <!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>Spikelet</title>
          <style>
        :root { color-scheme: light dark; }
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
        form { display: grid; gap: 1rem; justify-items: start; }
        button { font: inherit; padding: 0.4rem 1rem; }
        pre { white-space: pre-wrap; overflow-wrap: anywhere; }
      </style>
        </head>
        <body>
      ${content}
          <p>${hasModel
            ? html`
              <a href="model">/model</a> describes the network,
            `
            : ""}<a href="health">/health</a> says whether the server is up.</p>
        </body>
      </html>
    `,
  );
}

/** The key of a sample's numbers: `pixels` where the network was trained on pixels. */
function keyOf({ bytes }: SampleForm): "pixels" | "values" {
  return bytes === "pixels" ? "pixels" : "values";
}

/** A command that classifies a sample of zeros, by a shell and curl. */
function exampleOf(form: SampleForm, url: string): string {
  const { size, channels, steps } = form;
  const post = `curl -H 'content-type: application/json' -d`;
  const zeros = (length: number) => `[${new Array(length).fill(0).join(",")}]`;
  if (size <= MOST_WRITTEN) {
    const sample = steps > 1 ? `[${new Array(steps).fill(zeros(channels)).join(",")}]` : zeros(size);
    return `${post} '{"${keyOf(form)}":${sample}}' ${url}`;
  }
  return `printf '{"${keyOf(form)}":[0%s]}' "$(printf ',0%.0s' $(seq 2 ${size}))" | ${post} @- ${url}`;
}
