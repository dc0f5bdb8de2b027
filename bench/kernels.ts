/** Kernels against the machine's own ceiling, measured in the same run: one core, operands in its caches. */
import { compileCeiling } from "./compile_ceiling.ts";
import { ceilingCases, type KernelCase, kernelCases } from "./kernel_cases.ts";
import { interleave, pairedRatios } from "./rounds.ts";
import type { Row, Section } from "./section.ts";
import type { Setting } from "./setting.ts";

/** Calls in the first compiler's code before any is timed, and milliseconds of them. */
const WARM_UP = { calls: 50, milliseconds: 50 } as const;

/** Measures all kernels. */
export async function measureKernels({ kernels, chosen, sizes }: Setting): Promise<Section> {
  const ceilings = ceilingCases(await compileCeiling());
  const cases = [...ceilings, ...kernelCases(kernels, sizes.network.steps)];
  const subjects = cases.map((kernel) => {
    const calls = warmUp(kernel, sizes.kernelSeconds);
    return () => secondsPerCall(kernel, calls);
  });
  const seconds = await interleave(subjects, sizes);
  const rates = (i: number, amount: number) => seconds[i]!.map((time) => amount / time / 1e9);
  const rows = cases.map(({ name, unit, work, operations, ceiling }, i): Row => {
    const limit = ceilings.findIndex((one) => one.ceiling === ceiling), most = ceilings[limit]!.work;
    const ratios = pairedRatios(rates(i, operations), rates(limit, most));
    return { name, unit, samples: rates(i, work), ...(operations > 0 && { ratios }) };
  });
  return {
    key: "kernels",
    title: "Kernels, one core",
    ratio: { meaning: "share of the ceiling, a loop of pure multiply-adds", style: "share" },
    rows,
    remarks: [`fastest tiles here: ${chosen.map(({ options }) => options.tile).join(", ")}`],
  };
}

/** Lets V8 compile the kernel for good. @returns How many calls fill one sample's time. */
function warmUp(kernel: KernelCase, sampleSeconds: number): number {
  const end = performance.now() + Math.min(WARM_UP.milliseconds, 5000 * sampleSeconds);
  for (let calls = 0; calls < WARM_UP.calls || performance.now() < end; calls++) kernel.call();
  return Math.max(1, Math.round(sampleSeconds / secondsPerCall(kernel, 5)));
}

function secondsPerCall({ call }: KernelCase, calls: number): number {
  const started = performance.now();
  for (let i = 0; i < calls; i++) call();
  return (performance.now() - started) / 1000 / calls;
}
