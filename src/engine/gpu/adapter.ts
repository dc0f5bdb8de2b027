/**
 * Which graphics adapters a machine has, in words and limits.
 *
 * @module
 */
import { EngineError } from "../../errors.ts";

/** What of `navigator.gpu` is used; a runtime without WebGPU has none. */
export interface Gpu {
  /** As in the WebGPU standard. */
  requestAdapter(options?: GPURequestAdapterOptions): Promise<GPUAdapter | null>;
}

/** An adapter, and what a user may want to know of it. */
export interface AdapterDescription {
  /** Such as `NVIDIA H100` or `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly name: string;
  /** Its maker, where it is known. */
  readonly vendor: string;
  /** The family of the chip; empty where the runtime does not say. */
  readonly architecture: string;
  /** It computes on the CPU: right, but slower than WASM. */
  readonly isSoftware: boolean;
  /** What it offers at most, in bytes where not said otherwise. */
  readonly limits: AdapterLimits;
}

/** The limits that decide how work is cut up. */
export interface AdapterLimits {
  /** The largest buffer. */
  readonly maxBufferSize: number;
  /** The most that a kernel can see of a buffer. */
  readonly maxStorageBufferBindingSize: number;
  /** Calls of a kernel that can share memory. */
  readonly maxComputeInvocationsPerWorkgroup: number;
  /** The memory that they can share. */
  readonly maxComputeWorkgroupStorageSize: number;
  /** Workgroups along one dimension. */
  readonly maxComputeWorkgroupsPerDimension: number;
}

/** An adapter that was found. */
export interface FoundAdapter {
  /** What devices are asked of. */
  readonly adapter: GPUAdapter;
  /** What it is, in words. */
  readonly description: AdapterDescription;
}

/** This runtime's WebGPU; `undefined` where it has none that can be used. */
export function runtimeGpu(): Gpu | undefined {
  if (typeof navigator === "undefined" || isOldDeno()) return undefined;
  keepDriversQuiet();
  return (navigator as Partial<Pick<Navigator, "gpu">>).gpu;
}

/** Before 2.9 Deno's WebGPU has faults: 2.4's cannot tell that a device is lost, 2.8's now and then does not know an array. */
function isOldDeno(): boolean {
  if (typeof Deno === "undefined") return false;
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return major < 2 || major === 2 && minor < 9;
}

/**
 * Where no folder for sockets is named, as on a server, Mesa's Vulkan layer complains of it four times on standard error while it
 * looks for a display. Nobody needs one here: so a place is named where there is none, if this process may.
 */
function keepDriversQuiet(): void {
  const variable = "XDG_RUNTIME_DIR";
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return;
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return;
  if (Deno.env.get(variable) === undefined) Deno.env.set(variable, "/dev/null");
}

/** PCI and Khronos numbers of vendors: some runtimes name a vendor by its number only. */
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

/** Adapters that compute on the CPU, by what they call themselves. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|basic render|warp/i;

/** Says what an adapter is. */
export function describeAdapter({ info, limits }: GPUAdapter): AdapterDescription {
  // Chromium says no more than the vendor and the family of the chip.
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
 * All adapters that can be asked for, the fastest first. WebGPU hands out one for a wish, not a list: each is wished for.
 *
 * @param gpu @default {the runtime's}
 * @returns Empty where there is no WebGPU or no adapter.
 */
export async function findAdapters(gpu: Gpu | undefined = runtimeGpu()): Promise<FoundAdapter[]> {
  const found: FoundAdapter[] = [];
  for (const wish of [{ powerPreference: "high-performance" }, { powerPreference: "low-power" }] as const) {
    const adapter = await gpu?.requestAdapter(wish);
    if (!adapter) continue;
    const description = describeAdapter(adapter);
    const isSame = (other: FoundAdapter) => JSON.stringify(other.description) === JSON.stringify(description);
    if (!found.some(isSame)) found.push({ adapter, description });
  }
  return found;
}

/**
 * The adapter to compute on: the fastest one.
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
