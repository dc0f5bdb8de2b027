import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertSameBits, uniformFloats, upTo } from "./numbers.ts";

const INPUTS = [4, 8, 12, 36, 100];

/** Numbers of which some are 0: all, some, or none. */
function withBackground(seed: number, length: number): Float32Array {
  const least = [2, 0.3, -2][seed % 3]!;
  return uniformFloats(seed, length).map((value) => value > least ? value : 0);
}

testOnBothBuilds(
  "listRow() lists the inputs that are not 0, and no more than there is room for",
  ({ memory }) => {
    for (const inputs of INPUTS) {
      for (const seed of upTo(9)) {
        const x = withBackground(seed, inputs);
        if (seed > 5) x[inputs - 1] = 0.5;
        const list = memory.updated(new Float32Array(2 * inputs));
        const count = memory.kernels.listRow(memory.floats(x), inputs, list, inputs);
        const there = upTo(inputs).filter((k) => x[k] !== 0);
        assert.deepEqual([...memory.integersAt(list, count)], there);
        assert.deepEqual([...memory.floatsAt(list + 4 * inputs, count)], there.map((k) => x[k]));
        memory.clear();
      }
    }
  },
);

testOnBothBuilds(
  "panelRows() and panelGradients() give the bits of plain loops for every width of a panel",
  ({ memory, madd }) => {
    const { kernels } = memory;
    for (const inputs of INPUTS) {
      for (const width of [4, 8, 12, 16, 20, 24, 28, 32]) {
        for (const samples of [1, 3]) {
          const panels = inputs === 12 ? 3 : 1, units = panels * width;
          const xs = upTo(samples).map((sample) => withBackground(width + sample, inputs));
          const weights = uniformFloats(inputs, panels * inputs * width),
            bias = uniformFloats(inputs + 1, units);
          const weightOf = (unit: number, k: number) =>
            weights[(Math.floor(unit / width) * inputs + k) * width + unit % width]!;
          const lists = memory.updated(new Float32Array(2 * samples * inputs));
          const counts = memory.integers(
            xs.map((x, i) => kernels.listRow(memory.floats(x), inputs, lists + 8 * inputs * i, inputs)),
          );
          const stride = units + 4, y = memory.updated(new Float32Array(samples * stride));
          // deno-fmt-ignore
          kernels.panelRows(lists, counts, inputs, samples, memory.floats(weights), memory.floats(bias), y, 4 * stride,
            panels, inputs, width);
          xs.forEach((x, sample) => {
            const expected = bias.map((b, unit) =>
              x.reduce((sum, value, k) => value === 0 ? sum : madd(value, weightOf(unit, k), sum), b)
            );
            assertSameBits(memory.floatsAt(y + 4 * stride * sample, units), expected, `${inputs} × ${units}`);
          });
          const starts = memory.output(inputs + 1), columns = memory.output(2 * samples * inputs);
          kernels.listColumns(lists, counts, inputs, samples, inputs, starts, columns);
          const rows = upTo(samples).map((sample) => uniformFloats(sample + 50, width + 4));
          const deltas = memory.output(samples * width), before = uniformFloats(width, inputs * width);
          kernels.panelOfRows(
            memory.floats(rows.flatMap((row) => [...row])),
            4 * (width + 4),
            samples,
            width,
            deltas,
          );
          const gradients = memory.updated(before), [from, to] = [1, inputs - 1];
          // deno-fmt-ignore
          kernels.panelGradients(columns, samples * inputs, starts, from, to, deltas, width,
            gradients + 4 * width * from);
          const expected = before.map((sum, i) => {
            const k = Math.floor(i / width);
            if (k < from || k >= to) return sum;
            return xs.reduce((all, x, s) => x[k] === 0 ? all : madd(x[k]!, rows[s]![i % width]!, all), sum);
          });
          assertSameBits(
            memory.floatsAt(gradients, inputs * width),
            expected,
            `gradient of ${inputs} × ${width}`,
          );
          memory.clear();
        }
      }
    }
  },
);

testOnBothBuilds("tiles have the bits of lists, whatever is 0", ({ memory }) => {
  const { kernels } = memory;
  for (const inputs of [4, 12, 36]) {
    for (const width of [4, 8, 12, 28, 32]) {
      for (const samples of [1, 3, 4, 6, 8]) {
        const panels = inputs === 12 ? 3 : 1, units = panels * width, padded = Math.ceil(samples / 4) * 4;
        const xs = upTo(samples).map((sample) => withBackground(width + sample, inputs));
        const x = new Float32Array(padded * inputs);
        xs.forEach((row, sample) => x.set(row, sample * inputs));
        const weights = memory.floats(uniformFloats(inputs, panels * inputs * width));
        const bias = memory.floats(uniformFloats(inputs + 1, units)), stride = 4 * units;
        const lists = memory.updated(new Float32Array(2 * samples * inputs));
        const listed = xs.map((row, i) =>
          kernels.listRow(memory.floats(row), inputs, lists + 8 * inputs * i, inputs)
        );
        const counts = memory.integers(listed), tiles = memory.output(padded * inputs);
        const rows = memory.output(samples * inputs);
        listed.forEach((count, i) =>
          kernels.rowOfList(lists + 8 * inputs * i, count, inputs, inputs, rows + 4 * inputs * i)
        );
        assertSameBits(memory.floatsAt(rows, samples * inputs), x.slice(0, samples * inputs), "rowOfList");
        kernels.encodeDirect(memory.floats(x), tiles, samples, inputs);
        const [byLists, byTiles] = [memory.output(samples * units), memory.output(samples * units)];
        kernels.panelRows(
          lists,
          counts,
          inputs,
          samples,
          weights,
          bias,
          byLists,
          stride,
          panels,
          inputs,
          width,
        );
        kernels.panelTiles(tiles, samples, weights, bias, byTiles, stride, panels, inputs, width);
        const floats = (at: number) => memory.floatsAt(at, samples * units);
        assertSameBits(floats(byTiles), floats(byLists), `${samples} rows of ${inputs} × ${units}`);
        const starts = memory.output(inputs + 1), columns = memory.output(2 * samples * inputs);
        kernels.listColumns(lists, counts, inputs, samples, inputs, starts, columns);
        const deltas = memory.floats(uniformFloats(9, padded * width)),
          before = uniformFloats(7, inputs * width);
        const [g, h] = [memory.updated(before), memory.updated(before)],
          [from, to] = [inputs === 4 ? 0 : 4, inputs];
        const at = 4 * width * from;
        kernels.panelGradients(columns, samples * inputs, starts, from, to, deltas, width, g + at);
        kernels.panelTileGradients(tiles, inputs, deltas, padded, from, to, width, h + at);
        const size = inputs * width;
        assertSameBits(
          memory.floatsAt(h, size),
          memory.floatsAt(g, size),
          `gradient of ${inputs} × ${width}`,
        );
        memory.clear();
      }
    }
  }
});
