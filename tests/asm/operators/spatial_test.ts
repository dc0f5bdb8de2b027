import assert from "node:assert/strict";
import type { Shape } from "../../../src/network/graph.ts";
import type { Operator, Pair } from "../../../src/network/operators.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { upTo } from "../numbers.ts";
import { checkOperator, type OperatorCase } from "./operator_case.ts";

type Window = readonly [kernel: Pair, stride: Pair, padding: Pair, dilation: Pair];

const WINDOWS: readonly Window[] = [
  [[1, 1], [1, 1], [0, 0], [1, 1]],
  [[3, 2], [1, 1], [1, 0], [1, 1]],
  [[2, 3], [2, 1], [0, 1], [1, 2]],
  [[3, 3], [2, 3], [1, 1], [2, 1]],
  [[1, 5], [1, 2], [0, 2], [1, 1]],
];

function conv(
  channels: number,
  groups: number,
  [kernel, stride, padding, dilation]: Window,
  bias: boolean,
): Operator {
  return { kind: "conv2d", channels, kernel, stride, padding, dilation, groups, bias };
}

testOnBothBuilds("the kernels of conv2d have every remainder of channels, of x and of y", ({ memory }) => {
  let seed = 0;
  for (const channels of [1, 2, 3, 4, 5, 7, 12]) {
    for (const outputs of [1, 2, 3, 4, 6, 9, 16, 31, 32, 33, 36]) {
      const operator = conv(outputs, 1, WINDOWS[++seed % WINDOWS.length]!, seed % 2 === 0);
      checkOperator(memory, { operator, input: [channels, 5, 6], steps: 1 + seed % 3, share: 0.4, seed });
    }
  }
});

testOnBothBuilds("the kernels of conv2d have any window, groups, and any number of zeros", ({ memory }) => {
  let seed = 0;
  for (const window of WINDOWS) {
    for (
      const [channels, outputs, groups] of [[1, 4, 1], [1, 12, 1], [4, 8, 2], [6, 9, 3], [5, 5, 5]] as const
    ) {
      for (const share of [0, 0.1, 1]) {
        const operator = conv(outputs, groups, window, ++seed % 2 === 0);
        checkOperator(memory, { operator, input: [channels, 6, 5], steps: 2, share, seed });
      }
    }
  }
});

testOnBothBuilds("the kernels of conv2d take steps a few at a time where they are large", ({ memory }) => {
  // Four of these steps are listed together.
  const input: Shape = [8, 30, 34], operator = conv(4, 1, WINDOWS[1]!, true);
  checkOperator(memory, { operator, input, steps: 6, share: 0.05, seed: 1 });
});

/** Copies of K in panels, for y and for δx, which only tiles read (asm/operators/conv2d.ts). */
const IN_PANELS = 12;

testOnBothBuilds(
  "conv2d gives the same bits in tiles, of what is dense, and by lists, of the same above rows of zeros",
  ({ memory }) => {
    for (
      const [channels, outputs, kernel, padding] of [[8, 16, 3, 1], [8, 8, 5, 2], [12, 20, 1, 0]] as const
    ) {
      const operator = conv(outputs, 1, [[kernel, kernel], [1, 1], [padding, padding], [1, 1]], true);
      const run = (rows: number) => {
        // The first six rows are the same; all below are 0.
        const plane = (seed: number, count: number) =>
          Float32Array.from({ length: count * rows * 7 }, (_, i) => {
            const row = Math.floor(i / 7) % rows, channel = Math.floor(i / (7 * rows));
            return row < 6 ? Math.sin(seed + 91 * channel + 13 * row + i % 7) : 0;
          });
        const numbers = { x: plane(1, channels), delta: plane(2, outputs) };
        return checkOperator(memory, {
          operator,
          input: [channels, rows, 7],
          steps: 1,
          share: 1,
          seed: 3,
          numbers,
        });
      };
      const tiles = run(6), lists = run(40);
      assert.deepEqual([tiles.copies, lists.copies].map((copies) => copies & IN_PANELS), [IN_PANELS, 0]);
      assert.deepEqual(tiles.y, lists.y.slice(0, tiles.y.length));
      assert.deepEqual(tiles.dx, lists.dx.slice(0, tiles.dx.length));
    }
  },
);

testOnBothBuilds(
  "conv2d without padding takes tiles by the windows that numbers are in, not by all",
  ({ memory }) => {
    // A number at the border is in few windows: 40 % of numbers are no more than 40 % of the products.
    const operator = conv(8, 1, [[5, 5], [1, 1], [0, 0], [1, 1]], true);
    const run = (share: number) =>
      checkOperator(memory, { operator, input: [12, 12, 12], steps: 1, share, seed: 5 }).copies & IN_PANELS;
    assert.deepEqual([run(0.4), run(1)], [0, IN_PANELS & 4]);
  },
);

testOnBothBuilds("the kernels of pools have any window, and every remainder of channels", ({ memory }) => {
  const cases = upTo(9).flatMap((channels): OperatorCase[] =>
    (["avgPool2d", "sumPool2d", "maxPool2d"] as const).flatMap((kind) =>
      ([[[2, 2], [2, 2], [0, 0]], [[2, 2], [1, 1], [1, 1]], [[3, 2], [1, 2], [1, 1]], [[1, 3], [2, 4], [
        0,
        0,
      ]]] as const)
        .map(([kernel, stride, padding], seed) => ({
          operator: { kind, kernel, stride, padding },
          input: [channels + 1, 5, 6],
          steps: 2,
          share: 0.5, // equal maxima
          seed,
        }))
    )
  );
  for (const each of cases) checkOperator(memory, each);
});

testOnBothBuilds("the kernels of batchNorm and dropout have every remainder of channels", ({ memory }) => {
  for (const channels of upTo(9)) {
    for (const input of [[channels + 1], [channels + 1, 2, 3]] as const) {
      const batchNorm: Operator = { kind: "batchNorm", momentum: 0.1, epsilon: 1e-3, gamma: 1 };
      checkOperator(memory, { operator: batchNorm, input, steps: 3, share: 1, seed: channels });
      checkOperator(memory, {
        operator: { kind: "dropout", rate: 0.4 },
        input,
        steps: 3,
        share: 1,
        seed: channels,
      });
    }
  }
});
