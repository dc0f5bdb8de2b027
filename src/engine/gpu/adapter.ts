/** The graphics adapters of a machine: names and limits. */
import { EngineError } from "../../errors.ts";

/** The part of `navigator.gpu` that is used. */
export interface Gpu {
  /** As in the WebGPU standard. */
  requestAdapter(options?: GPURequestAdapterOptions): Promise<GPUAdapter | null>;
}

/** An adapter's description for users. */
export interface AdapterDescription {
  /** Such as `NVIDIA H100` or `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly name: string;
  /** The maker, where it is known. */
  readonly vendor: string;
  /** The family of the chip; empty where the runtime does not say. */
  readonly architecture: string;
  /** It computes on the CPU: correct, but slower than WASM. */
  readonly isSoftware: boolean;
  /** The adapter's upper limits. */
  readonly limits: AdapterLimits;
}

/** The limits that decide how work is divided. */
export interface AdapterLimits {
  /** The largest buffer, in bytes. */
  readonly maxBufferSize: number;
  /** The most bytes of a buffer that a kernel can access. */
  readonly maxStorageBufferBindingSize: number;
  /** Calls of a workgroup. */
  readonly maxComputeInvocationsPerWorkgroup: number;
  /** Bytes that a workgroup can share. */
  readonly maxComputeWorkgroupStorageSize: number;
  /** Workgroups along one dimension. */
  readonly maxComputeWorkgroupsPerDimension: number;
}

/** An adapter and its description. */
export interface FoundAdapter {
  /** Creates devices. */
  readonly adapter: GPUAdapter;
  /** The description for users. */
  readonly description: AdapterDescription;
}

/** This runtime's WebGPU; `undefined` where it has no usable one. */
export function runtimeGpu(): Gpu | undefined {
  if (typeof navigator === "undefined" || isOldDeno()) return undefined;
  keepDriversQuiet();
  return (navigator as Partial<Pick<Navigator, "gpu">>).gpu;
}

/** WebGPU in Deno before 2.9 has faults: 2.4 does not report a lost device, 2.8 sometimes fails to find an array. */
function isOldDeno(): boolean {
  if (typeof Deno === "undefined") return false;
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return major < 2 || major === 2 && minor < 9;
}

/**
 * Sets XDG_RUNTIME_DIR where it is missing, as on a server, if this process may: without it Mesa's Vulkan layer, which looks for a
 * display, prints four warnings on standard error.
 */
function keepDriversQuiet(): void {
  const variable = "XDG_RUNTIME_DIR";
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return;
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return;
  if (Deno.env.get(variable) === undefined) Deno.env.set(variable, "/dev/null");
}

/** PCI and Khronos numbers of vendors: some runtimes give only the number. */
const VENDORS: Readonly<Record<string, string>> = {
  "4098": "AMD",
  "4318": "NVIDIA",
  "5045": "ARM",
  "5140": "Microsoft",
  "4203": "Apple",
  "6880": "Google",
  "20803": "Qualcomm",
  "32902": "Intel",
  "65541": "Mesa",
};

/** Names of adapters that compute on the CPU. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|basic render|warp/i;

/** Describes an adapter. */
export function describeAdapter({ info, limits }: GPUAdapter): AdapterDescription {
  // Chromium gives only the vendor and the family of the chip.
  const family = `${info.vendor} ${info.architecture}`.trim();
  const name = info.description || info.device || family || "unnamed adapter";
  return {
    name,
    vendor: VENDORS[info.vendor] ?? info.vendor,
    architecture: info.architecture,
    isSoftware: info.isFallbackAdapter === true || SOFTWARE.test(name),
    limits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    },
  };
}

/**
 * All adapters, the fastest first. WebGPU has no list of adapters: each power preference is requested once.
 *
 * @param gpu @default {the runtime's}
 * @returns Empty where there is no WebGPU or no adapter.
 */
export async function findAdapters(gpu: Gpu | undefined = runtimeGpu()): Promise<FoundAdapter[]> {
  const found: FoundAdapter[] = [];
  for (const powerPreference of ["high-performance", "low-power"] as const) {
    const adapter = await gpu?.requestAdapter({ powerPreference });
    if (!adapter) continue;
    const description = describeAdapter(adapter);
    const isSame = (other: FoundAdapter) => JSON.stringify(other.description) === JSON.stringify(description);
    if (!found.some(isSame)) found.push({ adapter, description });
  }
  return found;
}

/**
 * The fastest adapter.
 *
 * @throws {EngineError} when there is none.
 */
export async function chooseAdapter(gpu: Gpu | undefined = runtimeGpu()): Promise<FoundAdapter> {
  if (!gpu) {
    throw new EngineError("this runtime has no WebGPU that works (Deno has it from 2.9): take --engine wasm");
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new EngineError(
      "no GPU adapter was found: install the graphics driver (on Linux its Vulkan part), or take --engine wasm",
    );
  }
  return { adapter, description: describeAdapter(adapter) };
}
