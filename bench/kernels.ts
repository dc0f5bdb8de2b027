/**
 * Kernels against the machine's own ceiling, measured in the same run: one core, operands in its caches.
 *
 * @module
 */
import type { KernelModule } from "../src/engine/wasm/kernels.ts";
import { compileCeiling } from "./compile_ceiling.ts";
import type { KernelCase } from "./kernel_case.ts";
import { ceilingCases, kernelCases } from "./kernel_cases.ts";
import { interleave, type Subject } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import type { Setting } from "./setting.ts";
import type { Sizes } from "./sizes.ts";
import { pairedRatios } from "./statistics.ts";

/** Calls in the first compiler's code before any is timed, and milliseconds of them. */
const WARM_UP = { calls: 50, milliseconds: 50 } as const;

/** Measures all kernels. */
export async function measureKernels({ kernels, engines, sizes }: Setting): Promise<Section> {
  const ceilings = ceilingCases(await compileCeiling());
  const cases = [...ceilings, ...kernelCases(kernels, sizes.network.steps)];
  const subjects = cases.map((kernel) => {
    const calls = warmUp(kernel, sizes.kernelSeconds);
    return () => secondsPerCall(kernel, calls);
  });
  const seconds = await interleave(subjects, { seconds: sizes.seconds, atLeast: sizes.rounds });
  const rates = seconds.map((times, i) => times.map((time) => cases[i]!.work / time / 1e9));
  const operationRates = seconds.map((times, i) => times.map((time) => (cases[i]!.operations ?? NaN) / time));
  const rows = cases.map((kernel, i): Row => {
    const ceiling = ceilings.findIndex((one) => one.ceiling === kernel.ceiling);
    return {
      name: kernel.name,
      unit: kernel.unit,
      samples: rates[i]!,
      ...(kernel.operations !== undefined && i >= ceilings.length &&
        { ratios: pairedRatios(operationRates[i]!, operationRates[ceiling]!) }),
    };
  });
  return {
    key: "kernels",
    title: "Kernels, one core",
    ratio: { meaning: "share of the ceiling, a loop of pure multiply-adds", style: "share" },
    rows,
    remarks: [`fastest tiles here: ${engines.chosen.map(({ options }) => options.tile).join(", ")}`],
  };
}

/** The float32 product alone. @returns A subject: GFLOP/s of one core, over as long as ten samples take. */
export function productRate(kernels: KernelModule, { network, kernelSeconds }: Sizes): Subject {
  const product = kernelCases(kernels, network.steps).find(({ name }) => name.startsWith("productF32"))!;
  const calls = warmUp(product, 10 * kernelSeconds);
  return () => product.work / secondsPerCall(product, calls) / 1e9;
}

/** Lets V8 compile the kernel for good. @returns How many calls fill one sample's time. */
function warmUp(kernel: KernelCase, sampleSeconds: number): number {
  const started = performance.now();
  let calls = 0;
  const enough = Math.min(WARM_UP.milliseconds, 1000 * sampleSeconds * 5);
  while (calls < WARM_UP.calls || performance.now() - started < enough) {
    kernel.call();
    calls++;
  }
  return Math.max(1, Math.round(sampleSeconds / secondsPerCall(kernel, 5)));
}

function secondsPerCall({ call }: KernelCase, calls: number): number {
  const started = performance.now();
  for (let i = 0; i < calls; i++) call();
  return (performance.now() - started) / 1000 / calls;
}
