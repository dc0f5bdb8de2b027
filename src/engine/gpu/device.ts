/** A GPU device and its failures. */
import { EngineError } from "../../errors.ts";
import {
  type AdapterDescription,
  chooseAdapter,
  type FoundAdapter,
  type Gpu,
  runtimeGpu,
} from "./adapter.ts";

/** A device with all limits of its adapter. */
export interface OpenDevice {
  readonly adapter: AdapterDescription;
  /** The adapter's own description. */
  readonly info: GPUAdapterInfo;
  readonly device: GPUDevice;
  /** Why it cannot be used any more: lost, out of memory, an invalid command, or closed. */
  readonly failure: EngineError | undefined;
  /** Resolves to {@linkcode failure} once there is one. Never rejects. */
  readonly failed: Promise<EngineError>;
  /** @throws {EngineError} the failure, where there is one. */
  check(): void;
  /** Sets the failure, unless there is one already. */
  close(reason: EngineError): void;
  /** Registers a function that runs once a failed device has done its work, before the device is freed. */
  onFree(free: () => void): void;
}

/** The adapter of a device. */
export interface DeviceOptions {
  /** @default {the runtime's} */
  readonly gpu?: Gpu | undefined;
  /** @default {the fastest} */
  readonly adapter?: FoundAdapter | undefined;
}

/**
 * Opens a device with the limits of its adapter.
 *
 * @throws {EngineError} when there is no adapter, or it refuses.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<OpenDevice> {
  const { adapter, description } = options.adapter ?? await chooseAdapter(options.gpu ?? runtimeGpu());
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ requiredLimits: offeredLimits(adapter.limits) });
  } catch (cause) {
    throw new EngineError(`${description.name}: it refused a device: ${messageOf(cause)}`, { cause });
  }
  return watch(device, adapter.info, description);
}

/** Listens to a device's errors and keeps the first. */
function watch(device: GPUDevice, info: GPUAdapterInfo, adapter: AdapterDescription): OpenDevice {
  const { promise: failed, resolve } = Promise.withResolvers<EngineError>();
  let failure: EngineError | undefined;
  const owners: (() => void)[] = [];
  const free = () => {
    for (const owner of owners) owner();
    device.destroy();
  };
  const fail = (error: EngineError) => {
    if (failure) return;
    failure = error;
    resolve(error);
    // Not at once: drivers, and Deno as it exits, crash when buffers in use are freed.
    device.queue.onSubmittedWorkDone().then(free, free);
  };
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    if (event instanceof GPUUncapturedErrorEvent) fail(explain(adapter.name, event.error));
  });
  device.lost.then(({ reason, message }) => {
    const why = reason === "destroyed" ? "it was destroyed" : message || "no reason was given";
    fail(
      new EngineError(`${adapter.name}: the GPU device was lost: ${why}: try again, or take --engine wasm`),
    );
  });
  return {
    adapter,
    info,
    device,
    get failure() {
      return failure;
    },
    failed,
    check() {
      if (failure) throw failure;
    },
    close: fail,
    onFree: (owner) => owners.push(owner),
  };
}

/** An error of the device as a message for users. */
function explain(name: string, error: GPUError): EngineError {
  const message = messageOf(error);
  return error instanceof GPUOutOfMemoryError
    ? new EngineError(`${name}: the GPU is out of memory: give less by --gpu-memory, or take --engine wasm`, {
      cause: error,
    })
    : new EngineError(`${name}: the GPU refused a command: ${message}`, { cause: error });
}

/** Limits as a plain record: the adapter's are getters of its prototype. */
function offeredLimits(limits: GPUSupportedLimits): Record<string, number> {
  const offered: Record<string, number> = {};
  for (const name in limits) {
    const value: unknown = Reflect.get(limits, name);
    if (typeof value === "number") offered[name] = value;
  }
  return offered;
}

/** An error's message in one line; shader compilers print several. */
function messageOf(error: unknown): string {
  const message: unknown = Reflect.get(Object(error), "message") ?? error;
  return String(message).replaceAll(/\s+/g, " ").trim();
}
