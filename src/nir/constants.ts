/** Numbers that a population shares, or has one a unit. */

/** One number for all units, or one a unit. */
export type Constants = number | Float64Array;

/** One number where all are the same. */
export function simplest(values: ArrayLike<number>): Constants {
  const first = values[0] ?? 0;
  for (let i = 1; i < values.length; i++) if (values[i] !== first) return Float64Array.from(values);
  return first;
}

/** A function of constants, unit by unit. */
export function ofConstants(
  compute: (...values: number[]) => number,
  ...constants: readonly Constants[]
): Constants {
  const units = constants.find((values) => typeof values !== "number")?.length ?? 1;
  return simplest(
    Float64Array.from(
      { length: units },
      (_, i) => compute(...constants.map((values) => typeof values === "number" ? values : values[i]!)),
    ),
  );
}

/** The first of them that does not hold, as a number; `undefined` where all do. */
export function findWrong(constants: Constants, holds: (value: number) => boolean): number | undefined {
  if (typeof constants === "number") return holds(constants) ? undefined : constants;
  return constants.find((value) => !holds(value));
}

/** Whether all are a number. */
export function areAll(constants: Constants, value: number): boolean {
  return constants === value;
}
