import assert from "node:assert/strict";
import { commandsInProse, missingFrom, readTranscript } from "./transcript.ts";

Deno.test("readTranscript() gives each command its output, also after an interrupt", () => {
  const page = `
# A page

## One

\`\`\`sh
first
\`\`\`

\`\`\`text
a
…
b
\`\`\`

\`\`\`ts
const x = 1;
\`\`\`

## Two

\`\`\`sh
second
\`\`\`

\`\`\`sh
third
\`\`\`

\`\`\`text
c
\`\`\`

\`\`\`text
^C
d
\`\`\`
`;
  assert.deepEqual(readTranscript(page), [
    { section: "One", command: "first", promised: ["a", "…", "b"], interrupted: undefined, during: 0 },
    { section: "Two", command: "second", promised: [], interrupted: ["d"], during: 1 },
    { section: "Two", command: "third", promised: ["c"], interrupted: undefined, during: 0 },
  ]);
});

Deno.test("readTranscript() refuses blocks that no test runs", () => {
  for (
    const [page, message] of [
      ["```bash\nrm\n```\n", /bash/],
      ["```\ndeno task train\n```\n", /a block of “”/],
      ["```sh ignore\ndeno task train\n```\n", /sh ignore/],
      ["~~~sh\ndeno task train\n~~~\n", /~~~sh: expected .* three backticks/],
      ["````sh\ndeno task train\n````\n", /three backticks/],
      ["## Here\n\n```text\na\n```\n", /output without a command in “Here”/],
      ["## A\n\n```sh\nx\n```\n\n## B\n\n```text\na\n```\n", /output without a command in “B”/],
    ] as const
  ) assert.throws(() => readTranscript(page), { message });
});

Deno.test("missingFrom() accepts other numbers, gaps and rasters in order, and nothing else", () => {
  const lines = [
    "Accuracy  9.5 %: 1,950 of 20,000 images",
    "",
    "layer 1  ⠀⢄⠐  4.0 % fire ▁▂",
    '{"digit":3,"p":[1e-7,2]}',
  ];
  for (
    const promised of [
      ["Accuracy  85.08 %: 8,508 of 10,000 images"],
      ["…", "Accuracy 1 %: …", "", "…"],
      ["layer 2 ⣿ 12 % fire  █", '{"digit":7,"p":[0.5…]}'],
    ]
  ) assert.equal(missingFrom(lines, promised), undefined);
  for (
    const [promised, missing] of [
      [["Accuracy 85.08 %: 8,508 of 10,000 pictures"], "Accuracy 85.08 %: 8,508 of 10,000 pictures"],
      [["Accuracy"], "Accuracy"],
      [["layer 1 …", "Accuracy …"], "Accuracy …"],
      [["layer 1  4.0 % fire ▁"], "layer 1  4.0 % fire ▁"],
    ] as const
  ) assert.equal(missingFrom(lines, promised), missing);
});

Deno.test("commandsInProse() finds commands outside blocks, also across lines", () => {
  const page = "Say `deno task\nruns`, or `npx -y deno@2.9.6 task train`.\n\n```sh\ndeno task compare\n```\n";
  assert.deepEqual(commandsInProse(page), ["deno task runs", "npx -y deno@2.9.6 task train"]);
});
