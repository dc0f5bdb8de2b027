/**
 * The page at `/`: a form that asks about one picture, without a script.
 *
 * @module
 */

/** The page, as HTML. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikelet</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
  form { display: grid; gap: 1rem; justify-items: start; }
  button { font: inherit; padding: 0.4rem 1rem; }
</style>
<h1>What does the picture show?</h1>
<form action="classify" method="post" enctype="multipart/form-data">
  <label>A picture, as PNG: <input type="file" name="picture" accept="image/png" required></label>
  <button>Ask the network</button>
</form>
<p>The answer is JSON. Programs post the same to <code>/classify</code>;
<a href="model">/model</a> tells which network answers, <a href="health">/health</a> how it is.</p>
</html>
`;
